//go:build !((linux || darwin || freebsd) && (amd64 || arm64) && !android && !ios && !static)

package dl

func load(string) (uintptr, error) { return 0, ErrUnsupported }

func address(uintptr, string) (uintptr, error) { return 0, ErrUnsupported }

func bind(any, uintptr) {}
