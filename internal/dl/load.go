//go:build (linux || darwin || freebsd) && (amd64 || arm64) && !android && !ios && !static

package dl

import "github.com/ebitengine/purego"

func load(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func address(handle uintptr, symbol string) (uintptr, error) { return purego.Dlsym(handle, symbol) }

func bind(fn any, address uintptr) { purego.RegisterFunc(fn, address) }
