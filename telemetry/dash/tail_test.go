package dash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/telemetry"
)

// write makes, or appends to, a file.
func write(t testing.TB, path, text string, appending bool) {
	t.Helper()
	mode := os.O_TRUNC
	if appending {
		mode = os.O_APPEND
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// all reads a log to its end.
func all(t testing.TB, tl *tail) news {
	t.Helper()
	var sum news
	for {
		n, err := tl.read()
		if err != nil {
			t.Fatal(err)
		}
		sum.restarted = sum.restarted || n.restarted
		sum.records = append(sum.records, n.records...)
		sum.skipped += n.skipped
		if !n.more {
			return sum
		}
	}
}

func stepsOf(n news) []int64 {
	var out []int64
	for _, r := range n.records {
		out = append(out, r.step)
	}
	return out
}

func line(step int, time float64) string {
	return fmt.Sprintf(`{"step":%d,"time":%.3f,"train/loss":%d.5}`+"\n", step, time, step)
}

func TestTailFollows(t *testing.T) {
	path := filepath.Join(t.TempDir(), logName)
	tl := &tail{path: path}
	if n := all(t, tl); n.restarted || len(n.records) > 0 {
		t.Errorf("an absent log gave %+v", n)
	}
	write(t, path, line(1, 1)+line(2, 2)+`{"step":3,"ti`, false)
	if n := all(t, tl); !slices.Equal(stepsOf(n), []int64{1, 2}) || n.skipped != 0 {
		t.Errorf("a log with half a line gave %+v", n)
	}
	write(t, path, `me":3,"train/loss":"NaN","eval/loss":"+Inf","x":"-Inf","y":null,"z":"word"}`+"\nnonsense\n"+line(4, 4), true)
	n := all(t, tl)
	if !slices.Equal(stepsOf(n), []int64{3, 4}) || n.skipped != 1 || n.restarted {
		t.Fatalf("the rest gave %+v", n)
	}
	r := n.records[0]
	if !slices.Equal(r.tags, []string{"eval/loss", "time", "train/loss", "x"}) || !math.IsInf(r.values[0], 1) || !math.IsNaN(r.values[2]) || !math.IsInf(r.values[3], -1) {
		t.Errorf("numbers that are none: %+v", r)
	}
	if n := all(t, tl); n.restarted || len(n.records) > 0 {
		t.Errorf("nothing new gave %+v", n)
	}
}

func TestTailStartsAgain(t *testing.T) {
	before := line(1, 1) + line(2, 2) + line(3, 3)
	for name, change := range map[string]func(t *testing.T, path string){
		"cut back":                func(t *testing.T, path string) { write(t, path, line(1, 1)+line(2, 9), false) },
		"cut back, as long again": func(t *testing.T, path string) { write(t, path, line(1, 1)+line(2, 8)+line(3, 9), false) },
		"cut back, longer now": func(t *testing.T, path string) {
			write(t, path, line(1, 1)+line(2, 7)+line(3, 8)+line(4, 9), false)
		},
		"replaced": func(t *testing.T, path string) {
			write(t, path+".new", before+line(4, 4), false)
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, path string) { os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), logName)
			tl := &tail{path: path}
			write(t, path, before, false)
			all(t, tl)
			change(t, path)
			now, _ := os.ReadFile(path)
			n := all(t, tl)
			if !n.restarted || len(n.records) != strings.Count(string(now), "\n") {
				t.Errorf("restarted %v, steps %v", n.restarted, stepsOf(n))
			}
		})
	}
}

func TestTailLongLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), logName)
	tl := &tail{path: path}
	write(t, path, line(1, 1)+`{"step":2,"x":"`+strings.Repeat("y", 2*maxRead), false)
	if n := all(t, tl); !slices.Equal(stepsOf(n), []int64{1}) || n.skipped != 1 {
		t.Errorf("a line without an end: steps %v, %d skipped", stepsOf(n), n.skipped)
	}
	write(t, path, `"}`+"\n"+line(3, 3), true)
	if n := all(t, tl); !slices.Equal(stepsOf(n), []int64{3}) || n.skipped != 0 || n.restarted {
		t.Errorf("after it: %+v", n)
	}
}

// A log of many reads is read to its end at once.
func TestTailLargeLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), logName)
	var text strings.Builder
	n := 0
	for text.Len() < 2*maxRead+1000 {
		n++
		text.WriteString(strings.Replace(line(n, float64(n)), "{", `{"pad":"`+strings.Repeat("x", 2000)+`",`, 1))
	}
	write(t, path, text.String(), false)
	got := stepsOf(all(t, &tail{path: path}))
	if len(got) != n || got[n-1] != int64(n) {
		t.Errorf("%d of %d lines were read", len(got), n)
	}
}

// What is no regular file is not waited for.
func TestTailRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, logName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (&tail{path: filepath.Join(dir, logName)}).read(); err == nil || !strings.Contains(err.Error(), logName) {
		t.Errorf("a folder in the place of the log: %v", err)
	}
}

// What the telemetry package writes and reads is what this one reads.
func TestParseLineAsTelemetry(t *testing.T) {
	text := `{"step":7,"time":1767225600.250,"train/loss":3.25,"train/grad_norm":"NaN","train/learning_rate":1e-05}`
	want, err := telemetry.ReadJSONL(strings.NewReader(text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := parseLine([]byte(text))
	if !ok || int(got.step) != want[0].Step || len(got.tags) != len(want[0].Values)+1 {
		t.Fatalf("%+v", got)
	}
	for i, tag := range got.tags {
		if tag == tagTime {
			continue
		}
		if w := want[0].Values[tag]; got.values[i] != w && !(math.IsNaN(got.values[i]) && math.IsNaN(w)) {
			t.Errorf("%s is %v, want %v", tag, got.values[i], w)
		}
	}
}

// Any bytes, written in any two pieces, give the same records as in one; and what is
// made of them can be told as JSON and as metrics.
func FuzzTail(f *testing.F) {
	f.Add([]byte(line(1, 1)+line(2, 2)), 10)
	f.Add([]byte(`{"step":1,"a":"NaN"}`+"\n\n"+`{"step":-1}`+"\n[1]\n"+`{"step":9007199254740993}`+"\n"), 25)
	f.Add([]byte("{\"step\":3,\"x\\ny\\\"\\u0000\":1e999,\"y\":-0}\n{\"step\":2,\"x\":1}\n"), 3)
	f.Fuzz(func(t *testing.T, text []byte, at int) {
		path := filepath.Join(t.TempDir(), logName)
		cut := 0
		if len(text) > 0 {
			cut = int(uint(at) % uint(len(text)+1))
		}
		write(t, path, string(text[:cut]), false)
		tl := &tail{path: path}
		r := newRun("r", filepath.Dir(path))
		first := all(t, tl)
		r.take(first)
		write(t, path, string(text[cut:]), true)
		second := all(t, tl)
		r.take(second)
		if second.restarted {
			t.Fatal("an appended log was taken for another")
		}
		var whole news
		(&tail{}).lines(text, &whole)
		if got := append(stepsOf(first), stepsOf(second)...); !slices.Equal(got, stepsOf(whole)) || first.skipped+second.skipped != whole.skipped {
			t.Fatalf("in pieces %v, whole %v", got, stepsOf(whole))
		}
		if b := event("run", summarize(r)); bytes.Count(b, []byte("\n")) != 3 {
			t.Fatalf("an event of several lines: %q", b)
		}
		curves, err := curvesOf(r, seriesQuery{after: -1, points: 5, smooth: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(curves); err != nil {
			t.Fatal(err)
		}
		checkExposition(t, string(exposition([]*run{r})))
	})
}
