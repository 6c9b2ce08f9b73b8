package telemetry

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// clock returns a clock that moves on by step at every look.
func clock(step time.Duration) func() time.Time {
	t := time.Unix(1767225600, 0)
	return func() time.Time { t = t.Add(step); return t }
}

func TestJSONLGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	j, err := OpenJSONL(path, 0, clock(250*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	must(t, j.Log(10, []Scalar{{TagLoss, 3.25}, {TagGradNorm, math.NaN()}}))
	must(t, j.Log(20, []Scalar{{`odd "tag"`, math.Inf(1)}, {TagLearningRate, 2e-4}}))
	must(t, j.Close())
	want := `{"step":10,"time":1767225600.250,"train/loss":3.25,"train/grad_norm":"NaN"}
{"step":20,"time":1767225600.500,"odd \"tag\"":"+Inf","train/learning_rate":0.0002}
`
	if diff := cmp.Diff(want, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestJSONLResume(t *testing.T) {
	const whole = `{"step":1,"a":1}` + "\n" + `{"step":2,"a":2}` + "\n" + `{"step":3,"a":3}` + "\n"
	const torn = `{"step":4,"a`
	for _, c := range []struct {
		name      string
		resume    int
		keep, old string
	}{
		{"afresh", 0, "", whole + torn},
		{"in the middle", 2, whole[:34], whole[34:] + torn},
		{"at the end", 3, whole, torn},
		{"keep all", math.MaxInt, whole, torn},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log.jsonl")
			must(t, os.WriteFile(path, []byte(whole+torn), 0o600))
			j, err := OpenJSONL(path, c.resume, clock(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			must(t, j.Log(9, nil))
			must(t, j.Close())
			if diff := cmp.Diff(c.keep+`{"step":9,"time":1767225601.000}`+"\n", read(t, path)); diff != "" {
				t.Error("log:", diff)
			}
			if diff := cmp.Diff(c.old, read(t, path+".old")); diff != "" {
				t.Error("what was cut off:", diff)
			}
		})
	}
}

func TestJSONLRefusesForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	const text = "not ours\n"
	must(t, os.WriteFile(path, []byte(text), 0o600))
	_, err := OpenJSONL(path, 0, clock(0))
	if err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v does not name line 1", err)
	}
	if got := read(t, path); got != text {
		t.Errorf("the file became %q", got)
	}
}

// Whatever is logged comes back from both formats.
func TestSinksRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			step int
			s    []Scalar
		}
		value := rapid.Float32()
		var log []entry
		for i := range rapid.IntRange(0, 8).Draw(t, "steps") {
			tags := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,5}/[a-z汇]{0,3}`), 0, 4, rapid.ID).Draw(t, "tags")
			e := entry{step: i + 1}
			for _, tag := range tags {
				e.s = append(e.s, Scalar{tag, float64(value.Draw(t, "v"))})
			}
			log = append(log, e)
		}
		path := filepath.Join(dir, "log.jsonl")
		j, err := OpenJSONL(path, 0, clock(time.Second))
		check(t, err)
		ev, err := OpenEvents(dir, 0, clock(time.Second))
		check(t, err)
		fan := Fan{j, ev}
		for _, e := range log {
			check(t, fan.Log(e.step, e.s))
		}
		check(t, fan.Close())

		text, err := os.ReadFile(path)
		check(t, err)
		records, err := ReadJSONL(bytes.NewReader(text))
		check(t, err)
		data, err := os.ReadFile(ev.Path())
		check(t, err)
		check(t, os.Remove(ev.Path()))
		events, err := ReadEvents(bytes.NewReader(data))
		check(t, err)
		if len(records) != len(log) || len(events) != len(log)+1 {
			t.Fatalf("%d records and %d events for %d steps", len(records), len(events), len(log))
		}
		for i, e := range log {
			if records[i].Step != e.step || events[i+1].Step != e.step {
				t.Fatalf("step %d came back as %d and %d", e.step, records[i].Step, events[i+1].Step)
			}
			if diff := cmp.Diff(e.s, events[i+1].Scalars, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatal("events:", diff)
			}
			want := map[string]float64{}
			for _, s := range e.s {
				want[s.Tag] = s.Value
			}
			if diff := cmp.Diff(want, records[i].Values, cmpopts.EquateNaNs()); diff != "" {
				t.Fatal("records:", diff)
			}
		}
	})
}

// The first 12 bytes of every event file, and a whole record, byte by byte.
func TestEventsGolden(t *testing.T) {
	dir := t.TempDir()
	e, err := OpenEvents(dir, 0, clock(0))
	if err != nil {
		t.Fatal(err)
	}
	must(t, e.Log(7, []Scalar{{"a", 1.5}}))
	must(t, e.Close())
	got := []byte(read(t, e.Path()))
	if want := []byte{0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22}; !bytes.HasPrefix(got, want) {
		t.Errorf("the file starts % x, want % x", got[:12], want)
	}
	if !bytes.Contains(got, []byte("brain.Event:2")) {
		t.Error("the first record names no version")
	}
	// wall_time, step 7, summary{value{tag:"a" simple_value:1.5}}
	want := []byte{0x10, 7, 0x2a, 10, 0x0a, 8, 0x0a, 1, 'a', 0x15, 0, 0, 0xc0, 0x3f}
	if !bytes.Contains(got, want) {
		t.Errorf("% x does not contain the event % x", got, want)
	}
}

func TestEventsResume(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenEvents(dir, 0, clock(0))
	must(t, err)
	must(t, first.Close())
	second, err := OpenEvents(dir, 40, clock(0))
	must(t, err)
	must(t, second.Close())
	if first.Path() >= second.Path() {
		t.Errorf("%s does not sort before %s", first.Path(), second.Path())
	}
	events, err := ReadEvents(strings.NewReader(read(t, second.Path())))
	must(t, err)
	if len(events) != 2 || !events[1].Start || events[1].Step != 41 {
		t.Errorf("events %+v hold no start at step 41", events)
	}
}

func TestEventsDamage(t *testing.T) {
	e, err := OpenEvents(t.TempDir(), 0, clock(0))
	must(t, err)
	must(t, e.Log(1, []Scalar{{"a", 1}}))
	must(t, e.Close())
	whole := read(t, e.Path())
	for cut := range len(whole) {
		events, err := ReadEvents(strings.NewReader(whole[:cut]))
		if err != nil || len(events) > 1 {
			t.Fatalf("cut at %d: %d events, %v", cut, len(events), err)
		}
	}
	for i := range len(whole) {
		bad := []byte(whole)
		bad[i] ^= 4
		if events, err := ReadEvents(bytes.NewReader(bad)); err == nil && len(events) == 2 {
			t.Fatalf("a flipped bit at %d went unnoticed", i)
		}
	}
}

type brokenSink struct{ logged int }

func (b *brokenSink) Log(int, []Scalar) error { b.logged++; return errors.New("disk full") }
func (b *brokenSink) Close() error            { return errors.New("disk full") }

func TestFanGoesOn(t *testing.T) {
	a, b := &brokenSink{}, &brokenSink{}
	if err := (Fan{a, b}).Log(1, nil); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error is %v", err)
	}
	if a.logged != 1 || b.logged != 1 {
		t.Errorf("logged %d and %d times, want once each", a.logged, b.logged)
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add([]byte{})
	e, err := OpenEvents(f.TempDir(), 3, clock(0))
	if err == nil {
		err = errors.Join(e.Log(1, []Scalar{{"a", 1}}), e.Close())
	}
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(e.Path())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ReadEvents(bytes.NewReader(b))
		_, _ = parseEvent(b) // past the checksums
	})
}

func FuzzReadJSONL(f *testing.F) {
	f.Add("{\"step\":1,\"time\":2.5,\"a\":\"NaN\"}\n{\"st")
	f.Fuzz(func(t *testing.T, s string) {
		records, err := ReadJSONL(strings.NewReader(s))
		if err == nil && len(records) != strings.Count(s, "\n") {
			t.Errorf("%d records from %d lines", len(records), strings.Count(s, "\n"))
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// What a full disk took of a record is cut off again.
func TestWriteWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := writeWhole(f, []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip("no limit on the size of files here")
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 6, Max: old.Max}); err != nil {
		t.Skip("no limit on the size of files here")
	}
	err = writeWhole(f, []byte("three\n"))
	if limitErr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); limitErr != nil {
		t.Fatal(limitErr)
	}
	if err == nil {
		t.Fatal("six bytes more fit into two")
	}
	if err := writeWhole(f, []byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "one\ntwo\n" {
		t.Errorf("the file has %q (%v)", b, err)
	}
}
