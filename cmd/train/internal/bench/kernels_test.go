package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"huihai/kernels"
	"huihai/kernels/cpu"
)

func openCPU(t *testing.T) kernels.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// TestEveryKernelIsMeasured holds the list of cases against the contract.
func TestEveryKernelIsMeasured(t *testing.T) {
	notKernels := []string{"Name", "Capabilities", "Alloc", "AllocOnDemand", "Free", "Write", "Read", "Sync", "Close", "AttentionScratch", "HeadLossScratch"}
	var names []string
	seen := map[string]bool{}
	for _, k := range allCases() {
		if seen[k.name()] {
			t.Errorf("%s is measured twice", k.name())
		}
		seen[k.name()] = true
		names = append(names, k.kernel)
	}
	contract := reflect.TypeFor[kernels.Device]()
	for i := range contract.NumMethod() {
		name := contract.Method(i).Name
		if want := !slices.Contains(notKernels, name); want != slices.Contains(names, name) {
			t.Errorf("%s: measured is %v, want %v", name, !want, want)
		}
	}
}

// small are the cases that take few milliseconds and little memory.
func small() []kernelCase {
	return slices.DeleteFunc(allCases(), func(k kernelCase) bool {
		return k.flops > 3e9 || k.bytes > 30<<20 || strings.HasSuffix(k.shape, "V=125696")
	})
}

func TestCasesRunWithoutAllocating(t *testing.T) {
	b := newBed(openCPU(t))
	ran := map[string]bool{}
	for _, k := range small() {
		call := k.build(b)
		if b.err != nil {
			t.Fatal(k.name(), b.err)
		}
		if n := testing.AllocsPerRun(2, call); n != 0 {
			t.Errorf("%s allocates %v times a call", k.name(), n)
		}
		b.clear()
		ran[k.kernel] = true
	}
	for _, want := range []string{"MatMulNT", "Attention", "RMSNormGrad", "Rotary", "SwiGLU", "Embedding"} {
		if !ran[want] {
			t.Errorf("no case of %s was small enough to run", want)
		}
	}
}

func TestKernelsReport(t *testing.T) {
	var told []string
	results, device, err := Kernels(t.Context(), KernelConfig{
		Threads: 1, Path: "portable", Only: regexp.MustCompile(`^RMSNorm 1x|^MatMulNT 256x`), Seconds: 1e-6,
		Progress: func(_, _ int, k string) { told = append(told, k) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if device != "cpu (portable, 1 thread)" || !slices.Equal(told, []string{"MatMulNT 256x256x256", "RMSNorm 1x4096"}) {
		t.Errorf("%s, %q", device, told)
	}
	data, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(data, &rows); err != nil || len(rows) != 5 {
		t.Fatalf("%v, %s", err, data)
	}
	for i, want := range []struct{ kernel, rate, bound string }{
		{"Peak", "gflops", "compute"}, {"Bandwidth", "gb_per_second", "memory"}, {"Bandwidth", "gb_per_second", "memory"},
		{"MatMulNT", "gflops", "compute"}, {"RMSNorm", "gb_per_second", "cache"},
	} {
		r := rows[i]
		rate, _ := r[want.rate].(float64)
		share, fields := r["share"], 6
		if want.bound == "cache" {
			share, fields = 1.0, 5
		}
		if v, _ := share.(float64); r["kernel"] != want.kernel || r["bound"] != want.bound || !(rate > 0) || !(v > 0) || len(r) != fields {
			t.Errorf("row %d is %v, want %+v", i, r, want)
		}
	}
	table := KernelTable(device, results)
	if len(table.Rows) != len(results) || len(table.Rows[0]) != len(table.Header) {
		t.Errorf("%+v", table)
	}
}

func TestKernelsRefuses(t *testing.T) {
	_, _, err := Kernels(t.Context(), KernelConfig{Only: regexp.MustCompile("convolution"), Seconds: 1})
	if !errors.Is(err, ErrNothingChosen) || !strings.Contains(err.Error(), "MatMulNT, MatMulNN") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Kernels(ctx, KernelConfig{Threads: 1, Seconds: 1}); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v", err)
	}
}

// brokenDevice cannot give memory.
type brokenDevice struct{ kernels.Device }

func (brokenDevice) Alloc(int64) (kernels.Mem, error) { return nil, errors.New("out of memory") }

func TestNoMemory(t *testing.T) {
	b := newBed(brokenDevice{openCPU(t)})
	for _, k := range allCases() {
		if strings.HasPrefix(k.kernel, "Attention") || k.kernel == "HeadLoss" || len(k.shape) < 12 {
			if _, err := k.measure(b, newSampler(0)); err == nil || b.err != nil {
				t.Errorf("%s: %v, kept %v", k.name(), err, b.err)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	k := kernelCase{kernel: "K", flops: 100e9, bytes: 10e9}
	m := machine{peak: 50, memory: cpu.Bandwidth{Read: 4, Mixed: 100}, cached: 1e9}
	// One second at 50 GFLOP/s against a tenth of a second for the bytes.
	r := k.result(4, m)
	if r.Bound != "compute" || r.GFLOPS != 25 || r.GBPerSecond != 0 || r.Share != 0.5 {
		t.Errorf("%+v", r)
	}
	m.peak, m.memory.Mixed = 200, 5
	r = k.result(4, m)
	if r.Bound != "memory" || r.GBPerSecond != 2.5 || r.GFLOPS != 0 || r.Share != 0.5 {
		t.Errorf("%+v", r)
	}
	k.readOnly = true
	if r = k.result(4, m); r.Bound != "memory" || r.Share != 0.625 {
		t.Errorf("%+v", r)
	}
	m.cached = 10e9
	if r = k.result(4, m); r.Bound != "cache" || r.GBPerSecond != 2.5 || r.Share != 0 {
		t.Errorf("%+v", r)
	}
	if table := KernelTable("d", []KernelResult{r}); table.Rows[0][5] != "" || table.Rows[0][6] != "cache" {
		t.Errorf("%q", table.Rows)
	}
}

func TestCachedBytes(t *testing.T) {
	dir := t.TempDir()
	if got := cachedBytes(dir); got != 2*usualCache {
		t.Errorf("%v bytes where nothing is told", got)
	}
	for name, text := range map[string]string{"index0": "32K\n", "index2": "1024K\n", "index3": "49152K\n", "index4": "many\n", "index5": "7\n"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o777), os.WriteFile(filepath.Join(dir, name, "size"), []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if got := cachedBytes(dir); got != 2*48<<20 {
		t.Errorf("%v bytes, want twice 48 MiB", got)
	}
}

func TestCounts(t *testing.T) {
	want := map[string][2]float64{
		"MatMulNT 2048x1536x512":            {2 * 2048 * 1536 * 512, 4 * (2048*512 + 1536*512 + 2048*1536)},
		"MatMulTN 1536x512x2048":            {2 * 2048 * 1536 * 512, 4 * (2048*512 + 2048*1536 + 1536*512)},
		"MatMulNT 1x4096x4096 bf16":         {2 * 4096 * 4096, 4*(4096+4096) + 2*4096*4096},
		"MatMulNT 1x4096x4096 int8":         {2 * 4096 * 4096, 4*(4096+4096) + 4096*4096 + 4*4096},
		"MatMulNT 1x4096x4096 nf4":          {2 * 4096 * 4096, 4*(4096+4096) + 4096*4096/2 + 4096*64 + 4096},
		"Attention B=4 T=512 H=8 D=64":      {4 * 64 * 4 * 8 * 512 * 513 / 2, 4 * 4 * 4 * 512 * 512},
		"HeadLoss T=2048 C=512 V=8192":      {2 * 2048 * 512 * 8192, 4 * 512 * (2048 + 8192)},
		"AdamW 4096x4096":                   {0, 28 * 4096 * 4096},
		"Copy 16384x4096 F32 to BF16":       {0, 6 * 16384 * 4096},
		"RMSNormGrad 8192x4096":             {0, 12 * 8192 * 4096},
		"Rotary 2048x512 D=64":              {0, 8*2048*512 + 4*2048*64},
		"EmbeddingGrad 2048x512 V=8192":     {0, 12 * 2048 * 512},
		"RowNormalizeGrad 8192x512":         {0, 12 * 8192 * 512},
		"HeadLoss T=2048 C=512 V=8192 grad": {6 * 2048 * 512 * 8192, 4*512*(2048+8192) + 4*512*(2048+2*8192)},
	}
	for _, k := range allCases() {
		if w, ok := want[k.name()]; ok {
			if k.flops != w[0] || k.bytes != w[1] {
				t.Errorf("%s: %v operations and %v bytes, want %v", k.name(), k.flops, k.bytes, w)
			}
			delete(want, k.name())
		}
	}
	for name := range want {
		t.Errorf("%s is not measured", name)
	}
}

// TestAttentionPairs counts the visible pairs one by one.
func TestAttentionPairs(t *testing.T) {
	for _, a := range []attentionShape{
		{batch: 2, tq: 7, tk: 7, heads: 3}, {batch: 1, tq: 1, tk: 9, heads: 2}, {batch: 1, tq: 3, tk: 10, heads: 1},
		{batch: 2, tq: 10, tk: 10, heads: 1, documents: 3}, {batch: 1, tq: 4, tk: 11, heads: 1, documents: 5},
	} {
		n := 0
		for i := range a.tq {
			pos := i + a.tk - a.tq
			for j := range a.tk {
				if j <= pos && (a.documents == 0 || a.document(j) == a.document(pos)) {
					n++
				}
			}
		}
		if want := float64(n * a.batch * a.heads); a.pairs() != want {
			t.Errorf("%+v: %v pairs, want %v", a, a.pairs(), want)
		}
	}
}

func TestOperandsAreFilled(t *testing.T) {
	b := newBed(openCPU(t))
	const n = 2*patternLen + 100
	f, h := b.floats(n), b.half(1, n).Buf
	widened := b.zeros(n, kernels.F32)
	b.dev.Copy(widened, h)
	got, half := make([]float32, n), make([]float32, n)
	if err := errors.Join(b.err, kernels.Read(b.dev, got, f), kernels.Read(b.dev, half, widened)); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v != b.pattern[i%patternLen] || math.Abs(float64(v-half[i])) > 0x1p-8 {
			t.Fatalf("element %d is %v and %v, want %v", i, v, half[i], b.pattern[i%patternLen])
		}
	}
}

// tickClock moves by the next of its steps at each reading and then by the last.
func tickClock(steps ...time.Duration) func() time.Duration {
	var now time.Duration
	i := -1
	return func() time.Duration {
		i++
		now += steps[min(i, len(steps)-1)]
		return now
	}
}

func TestSampler(t *testing.T) {
	// A millisecond passes between any two readings of the clock: long enough a
	// sample, and with no budget three of them are taken.
	s := &sampler{now: tickClock(time.Millisecond), samples: make([]float64, 0, 8)}
	runs := 0
	if got := s.median(func(reps int) { runs += reps }); math.Abs(got-1e-3) > 1e-12 || len(s.samples) != leastSamples || runs != 2+leastSamples {
		t.Errorf("%v s from %d samples, %d runs", got, len(s.samples), runs)
	}
	s.budget = time.Hour
	if s.median(func(int) {}); len(s.samples) != 8 {
		t.Errorf("%d samples in room for 8", len(s.samples))
	}
	// A call of 10 µs is repeated until a sample is long enough.
	var now time.Duration
	s = &sampler{now: func() time.Duration { return now }, samples: make([]float64, 0, 8)}
	call := func(reps int) { now += time.Duration(reps) * 10 * time.Microsecond }
	if got := s.median(call); math.Abs(got-1e-5) > 1e-12 || s.repetitions(call) != 10 {
		t.Errorf("%v s, %d repetitions", got, s.repetitions(call))
	}
	if n := testing.AllocsPerRun(3, func() { s.median(call) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMedian(t *testing.T) {
	if got := medianOf([]float64{9, 1, 5}); got != 5 {
		t.Error(got)
	}
}

func TestTimesForPeople(t *testing.T) {
	for seconds, want := range map[float64]string{0: "", 1.234e-6: "1.23 µs", 0.0456: "45.6 ms", 0.5: "500 ms", 12.34: "12.3 s"} {
		if got := shortTime(seconds); got != want {
			t.Errorf("%v is %q, want %q", seconds, got, want)
		}
	}
}
