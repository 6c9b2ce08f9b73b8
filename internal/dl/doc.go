// Package dl loads C libraries while the program runs. Nothing is linked at
// build time: a machine without the library still runs the program, and the verb
// that needs it says what to install. purego is imported only here.
//
// It knows no library by name: callers bring names and signatures.
//
// Programs with this package are linked to the C library of the system (its
// loader is what loads others). The build tag "static" leaves the loading out:
// such a program runs on any Linux, and [Open] tells why it cannot load.
package dl

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnsupported is returned by [Open] in builds that cannot load libraries.
var ErrUnsupported = errors.New("this build cannot load C libraries (it was made with -tags static or for a system without support)")

// Library is a loaded library. It stays loaded until the process ends, because
// threads that it started may be inside it.
type Library struct {
	name   string
	handle uintptr
}

// Open loads the first of the names that can be loaded. A name with a slash is a
// file; one without is looked up as the system's loader does. The error has the
// loader's words for each name.
func Open(names ...string) (*Library, error) {
	if len(names) == 0 {
		return nil, errors.New("dl: no library named")
	}
	var reasons []string
	for _, n := range names {
		h, err := load(n)
		if errors.Is(err, ErrUnsupported) {
			return nil, fmt.Errorf("dl: load %s: %w", n, err)
		}
		if err == nil {
			return &Library{name: n, handle: h}, nil
		}
		reasons = append(reasons, err.Error())
	}
	return nil, fmt.Errorf("dl: no library loaded: %s", strings.Join(reasons, "; "))
}

// Name returns the name under which the library was found.
func (l *Library) Name() string { return l.name }

// Has tells whether the library, or one that it needs, exports the symbol.
func (l *Library) Has(symbol string) bool {
	_, err := l.Address(symbol)
	return err == nil
}

// Address returns where a symbol is.
func (l *Library) Address(symbol string) (uintptr, error) {
	a, err := address(l.handle, symbol)
	if err != nil {
		return 0, fmt.Errorf("dl: %s has no symbol %s: %w", l.name, symbol, err)
	}
	return a, nil
}

// Bind makes *fn, a variable of function type, call the symbol. The signature is
// trusted: it must be the C one, with Go's int32 for int, float32 for float,
// pointers to memory that C does not keep, and at most 15 parameters. A signature
// that cannot be called on this processor is an error.
func (l *Library) Bind(fn any, symbol string) (err error) {
	a, err := l.Address(symbol)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("dl: %s of %s cannot be called as %T: %v", symbol, l.name, fn, r)
		}
	}()
	bind(fn, a)
	return nil
}
