package telemetry

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	if diff := cmp.Diff(read(t, path), got); diff != "" {
		t.Errorf("%s (rewrite with -update): %s", path, diff)
	}
}

var (
	terminal = Screen{Terminal: true, Width: 72}
	pipe     = Screen{Width: 80}
)

func samplePanel() Panel {
	p := Panel{Title: "Huihai 汇海 · pretrain"}
	p.Add("model", "ladder-11m (11.5M + embeddings)")
	p.Add("data", "维基百科 and a line that is far too long for the panel, so that it has to be wrapped")
	p.Add("tokens", Count(2.6e12))
	return p
}

func sampleTable() Table {
	t := Table{Title: "Result", Header: []string{"task", "loss", "n"}}
	t.Add("维基", "3.21", "1,000")
	t.Add("code", "12.1")
	return t
}

func TestDrawnGolden(t *testing.T) {
	values := make([]float64, 200)
	for i := range values {
		values[i] = 3 + 8/(1+float64(i)/10)
	}
	golden(t, "panel-terminal.txt", samplePanel().Render(terminal))
	golden(t, "panel-plain.txt", samplePanel().Render(pipe))
	golden(t, "table-terminal.txt", sampleTable().Render(terminal))
	golden(t, "table-plain.txt", sampleTable().Render(pipe))
	golden(t, "sketch.txt", Sketch(append(values, math.NaN()), "train/loss", terminal))
}

// Every line of a box has the same display width and fits the screen.
func TestBoxesAreStraight(t *testing.T) {
	cell := rapid.StringOfN(rapid.SampledFrom([]rune("ab1 .汇海é😀")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := Screen{Terminal: true, Color: rapid.Bool().Draw(t, "color"), Width: rapid.IntRange(60, 200).Draw(t, "width")}
		p := Panel{Title: "标题"}
		tb := Table{Title: "标题", Header: []string{"一", "b"}}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			p.Add("键", strings.Repeat(cell.Draw(t, "value")+" ", 3))
			tb.Add(cell.Draw(t, "c1"), cell.Draw(t, "c2"))
		}
		for _, text := range []string{p.Render(s), tb.Render(s)} {
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			for _, l := range lines {
				if width(l) != width(lines[0]) {
					t.Fatalf("crooked:\n%s", text)
				}
			}
		}
		for _, l := range strings.Split(p.Render(s), "\n") {
			if width(l) > s.Width {
				t.Fatalf("line of %d columns on a screen of %d:\n%s", width(l), s.Width, l)
			}
		}
	})
}

func TestFit(t *testing.T) {
	line := "step 1/30 | loss 6.8 | norm 5.3 | lr 3e-04"
	for width, want := range map[int]string{80: line, 42: line, 41: "step 1/30 | loss 6.8 | norm 5.3", 20: "step 1/30 | loss 6.8", 3: "step 1/30"} {
		if got := (Screen{Terminal: true, Width: width}).Fit(line); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
	if got := (Screen{Width: 10}).Fit(line); got != line {
		t.Errorf("in a file: %q", got)
	}
}

func TestStepLine(t *testing.T) {
	full := StepStats{
		Step: 120, Total: 2000, Loss: 3.214, LossZ: 0.12, GradNorm: 0.412, GradNormZ: -0.3,
		LearningRate: 1.2e-4, TokensPerSec: 12345, PeakShare: 0.41, DataWait: 0.002, ETA: 192 * time.Second,
	}
	nan := math.NaN()
	bare := StepStats{
		Step: 3, Total: 2000, Loss: nan, LossZ: nan, GradNorm: 1, GradNormZ: nan,
		LearningRate: 1e-4, TokensPerSec: nan, PeakShare: nan, DataWait: nan, ETA: -1,
	}
	golden(t, "steplines.txt", StepLine(full)+"\n"+StepLine(bare)+"\n")
	want := []Scalar{
		{TagLoss, 3.214}, {TagGradNorm, 0.412}, {TagLearningRate, 1.2e-4},
		{TagTokensPerSec, 12345}, {TagPeakShare, 0.41}, {TagDataWait, 0.002},
		{TagLossZ, 0.12}, {TagGradNormZ, -0.3}, {TagETA, 192},
	}
	if diff := cmp.Diff(want, full.Scalars()); diff != "" {
		t.Error(diff)
	}
	if got := len(bare.Scalars()); got != 3 {
		t.Errorf("%d scalars for a step with three known values", got)
	}
}

func TestProgressTerminal(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, terminal, clock(time.Second))
	p.Begin("tokenize", 0, 1000)
	p.Set(100, "12k tok/s")
	p.Println("a log line\n")
	fmt.Fprint(p, "half ")
	fmt.Fprint(p, "line\nrest")
	p.Set(1000, strings.Repeat("很", 60))
	p.End()
	p.Begin("read", 0, 0)
	p.Set(5000, "")
	must(t, p.Close())
	golden(t, "progress-terminal.txt", strings.NewReplacer("\r\x1b[2K", "<erase>\n").Replace(b.String()))
}

func TestProgressPlain(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, pipe, clock(time.Second))
	p.Begin("tokenize", 500, 1000)
	for i := int64(501); i <= 1000; i++ {
		p.Set(i, "")
	}
	p.Println("end")
	must(t, p.Close())
	text := b.String()
	if strings.ContainsAny(text, "\r\x1b") {
		t.Errorf("control characters in a pipe: %q", text)
	}
	if got := strings.Count(text, "\n"); got != 6 { // 60 % to 100 %, and the end
		t.Errorf("%d lines, want 6:\n%s", got, text)
	}
}

// What a terminal shows after any calls is the log lines, whole and in order;
// the bar leaves nothing behind.
func TestProgressNeverTears(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, terminal, clock(time.Second))
	p.Begin("work", 0, 400)
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := range 50 {
				p.Println(fmt.Sprintf("line %d %d", w, i))
				p.Set(int64(i), "note")
			}
		})
	}
	workers.Wait()
	must(t, p.Close())
	next := make([]int, 4)
	for _, l := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if i := strings.LastIndex(l, "\x1b[2K"); i >= 0 {
			l = l[i+len("\x1b[2K"):]
		}
		var w, i int
		if l == "" {
			continue
		}
		if n, err := fmt.Sscanf(l, "line %d %d", &w, &i); n != 2 || err != nil || l != fmt.Sprintf("line %d %d", w, i) {
			t.Fatalf("torn line %q", l)
		}
		if i != next[w] {
			t.Fatalf("line %q, want number %d", l, next[w])
		}
		next[w]++
	}
	if diff := cmp.Diff([]int{50, 50, 50, 50}, next); diff != "" {
		t.Error(diff)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestProgressReportsWriteError(t *testing.T) {
	p := NewProgress(fullDisk{}, pipe, clock(0))
	p.Println("x")
	if err := p.Close(); err == nil {
		t.Error("a write error was lost")
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"汇海汇", 6, "汇海汇"}, {"汇海汇", 5, "汇海…"},
		{"汇海汇", 4, "汇…"}, {"a", 0, ""}, {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		if got := truncate(c.text, c.columns); got != c.want {
			t.Errorf("truncate(%q, %d) = %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}

func TestScreenOfPipe(t *testing.T) {
	if s := ScreenOf(&strings.Builder{}, os.Getenv); s.Terminal || s.Color || s.Width != DefaultWidth {
		t.Errorf("a buffer is drawn as %+v", s)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	must(t, err)
	defer f.Close()
	if s := ScreenOf(f, os.Getenv); s.Terminal {
		t.Error("a file is drawn as a terminal")
	}
}
