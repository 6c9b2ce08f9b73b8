package bench

import (
	"errors"
	"fmt"
	"runtime"

	"huihai/internal/dl"
)

// BlasInstall tells how to get the library.
const BlasInstall = "On Debian and Ubuntu it comes with: apt-get install libopenblas0-pthread"

// CBLAS constants (cblas.h).
const (
	cblasRowMajor = 101
	cblasNoTrans  = 111
	cblasTrans    = 112
)

// blasLibrary is what is called of a BLAS. The functions are those of the C
// library, or of a stand-in in tests.
type blasLibrary struct {
	name   string // the file
	config string // what the library says about itself, "" when it does not

	// sgemm is cblas_sgemm.
	sgemm func(order, transA, transB, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, beta float32, c *float32, ldc int32)
	// setThreads and threads set and tell the number of threads.
	setThreads func(n int32)
	threads    func() int32
}

// blasNames are the places where OpenBLAS usually is, for the loader.
func blasNames() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib"}
	case "linux":
		arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
		return []string{
			"/usr/lib/" + arch + "-linux-gnu/openblas-pthread/libopenblas.so.0", // Debian, whatever the alternative in force
			"libopenblas.so.0", "libopenblasp.so.0", // Fedora keeps the threaded build under the second name
			"/usr/lib64/libopenblasp.so.0", "libopenblas.so",
		}
	}
	return []string{"libopenblas.so.0", "libopenblas.so"}
}

// loadBlas loads OpenBLAS from the file, or from the usual places when it is "".
func loadBlas(file string) (*blasLibrary, error) {
	names := blasNames()
	if file != "" {
		names = []string{file}
	}
	lib, err := dl.Open(names...)
	if errors.Is(err, dl.ErrUnsupported) {
		return nil, fmt.Errorf("bench: OpenBLAS cannot be loaded: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: OpenBLAS cannot be loaded: %w\n%s; or give its file with --library", err, BlasInstall)
	}
	b := &blasLibrary{name: lib.Name()}
	for symbol, fn := range map[string]any{
		"cblas_sgemm": &b.sgemm, "openblas_set_num_threads": &b.setThreads, "openblas_get_num_threads": &b.threads,
	} {
		if err := lib.Bind(fn, symbol); err != nil {
			return nil, fmt.Errorf("bench: %s is not an OpenBLAS that can be used: %w\n%s", lib.Name(), err, BlasInstall)
		}
	}
	var config func() string
	if lib.Has("openblas_get_config") && lib.Bind(&config, "openblas_get_config") == nil {
		b.config = config()
	}
	return b, nil
}

// use sets the number of threads; the error tells a build that has none.
func (b *blasLibrary) use(threads int) error {
	b.setThreads(int32(threads))
	if got := b.threads(); int(got) != threads {
		return fmt.Errorf("bench: %s runs on %d threads when asked for %d: a build without threads or with fewer; %s", b.name, got, threads, BlasInstall)
	}
	return nil
}

// multiply is the product of kind NT, NN or TN, overwriting c.
func (b *blasLibrary) multiply(p productShape, c, left, right []float32) {
	transLeft, transRight := int32(cblasNoTrans), int32(cblasNoTrans)
	ldLeft, ldRight := int32(p.k), int32(p.n)
	switch p.kind {
	case "NT":
		transRight, ldRight = cblasTrans, int32(p.k)
	case "TN":
		transLeft, ldLeft = cblasTrans, int32(p.m)
	}
	b.sgemm(cblasRowMajor, transLeft, transRight, int32(p.m), int32(p.n), int32(p.k),
		1, &left[0], ldLeft, &right[0], ldRight, 0, &c[0], int32(p.n))
}
