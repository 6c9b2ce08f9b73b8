package build

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/datatest"
)

// Documents that differ in their numbers are different documents: short ones, sheets
// and tables alike.
func TestNumbersCount(t *testing.T) {
	for _, name := range []string{"tiny.jsonl", "digits_sample.jsonl"} {
		cfg := small(t, filepath.Join("testdata", name))
		cfg.Score.Profile = "none"
		r := build(t, cfg)
		if r.Read.Documents < 10 || r.Kept != r.Read {
			t.Errorf("%s: of %d documents %d are kept; dropped: %v", name, r.Read.Documents, r.Kept.Documents, r.Dropped)
		}
		cfg = small(t, filepath.Join("testdata", name))
		cfg.Score.Profile, cfg.Dedup.FoldDigits, cfg.Dedup.Numbers = "none", true, 0
		if r := build(t, cfg); r.Kept.Documents*2 > r.Read.Documents {
			t.Errorf("%s: folding digits keeps %d of %d documents: the corpus shows nothing", name, r.Kept.Documents, r.Read.Documents)
		}
	}
}

// Among six hundred reports of one form, all with numbers of their own, the copies of
// some of them with another date are found, and nothing else.
func TestCopiesAmongReports(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	var lines []string
	add := func(id, text string) {
		line, _ := json.Marshal(map[string]string{"id": id, "text": text})
		lines = append(lines, string(line))
	}
	planted := map[string]bool{}
	for i := range 300 {
		var b strings.Builder
		for k := range 14 {
			fmt.Fprintf(&b, "In region %d the branch sold %d units of its line at a price of %d.%02d, kept a margin of %d percent and paid %d for transport. ",
				k, rng.IntN(90000), rng.IntN(900), rng.IntN(100), rng.IntN(60), rng.IntN(9000))
		}
		add(fmt.Sprint("report", i), fmt.Sprintf("Report of 2021-%02d-%02d. %s", 1+i%12, 1+i%28, b.String()))
		if i%20 == 3 {
			id := fmt.Sprint("copy", i)
			planted[id] = true
			add(id, fmt.Sprintf("Report of 2022-%02d-%02d. %s", 1+(i+5)%12, 1+(i+9)%28, b.String()))
		}
	}
	in := filepath.Join(t.TempDir(), "reports.jsonl")
	datatest.Write(t, in, []byte(strings.Join(lines, "\n")))
	cfg := small(t, in)
	cfg.Score.Profile = "none"
	r := build(t, cfg)
	if got := r.Dropped[ReasonNearDuplicate].Documents; got != int64(len(planted)) || r.Kept.Documents != 300 {
		t.Errorf("%d near copies are dropped and %d documents kept, want %d and 300", got, r.Kept.Documents, len(planted))
	}
}

// Another edition of a poem, in simplified characters or with other blanks, is a copy.
func TestOtherEditionsAreCopies(t *testing.T) {
	traditional := "　　春花秋月何時了，往事知多少。小樓昨夜又東風，故國不堪回首月明中。\n　　雕欄玉砌應猶在，只是朱顏改。問君能有幾多愁，恰似一江春水向東流。"
	simplified := "春花秋月何时了，往事知多少。小楼昨夜又东风，故国不堪回首月明中。\n雕栏玉砌应犹在，只是朱颜改。问君能有几多愁，恰似一江春水向东流。"
	unindented := strings.ReplaceAll(traditional, "　", "")
	in := filepath.Join(t.TempDir(), "poems.jsonl")
	var lines []string
	for i, text := range []string{traditional, simplified, unindented} {
		line, _ := json.Marshal(map[string]any{"id": i, "text": text})
		lines = append(lines, string(line))
	}
	datatest.Write(t, in, []byte(strings.Join(lines, "\n")))
	r := build(t, small(t, in))
	if r.Kept.Documents != 1 || r.Dropped[ReasonExactDuplicate].Documents != 1 || r.Dropped[ReasonNearDuplicate].Documents != 1 {
		t.Errorf("kept %d, dropped %v", r.Kept.Documents, r.Dropped)
	}
}
