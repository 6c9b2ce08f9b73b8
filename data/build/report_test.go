package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/dedup"
)

// The report shows, beside a dropped copy, the copy that stays, which the table of
// documents names too.
func TestReportShowsTwins(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 6))
	r := build(t, cfg)
	byID := map[string]int{}
	docs := readDocuments(t, cfg.Output)
	for i, d := range docs {
		byID[d.ID] = i
	}
	shown := 0
	for _, reason := range []string{ReasonExactDuplicate, ReasonNearDuplicate} {
		for _, e := range r.Survey.Examples[reason] {
			if e.Twin == nil {
				t.Fatalf("%s of reason %s has no twin", e.ID, reason)
			}
			shown++
			own, twin := docs[byID[e.ID]], docs[byID[e.Twin.ID]]
			if !twin.IsCanonical || own.ClusterID != twin.ClusterID || own.ID == twin.ID || !strings.HasPrefix(twin.Text, e.Twin.Text) {
				t.Errorf("the twin of %s is %+v", e.ID, e.Twin)
			}
			signer := dedup.NewSigner(cfg.Dedup)
			want := dedup.Jaccard(slices.Clone(signer.Shingles(own.Original())), signer.Shingles(twin.Original()))
			if e.Twin.Similarity != want || want < cfg.Dedup.Threshold {
				t.Errorf("%s and its twin are %g alike, the report says %g", e.ID, want, e.Twin.Similarity)
			}
		}
	}
	if shown == 0 {
		t.Fatal("the corpus has no copies: the test shows nothing")
	}
}

// The lowest kept documents are those of the table, from the lowest up.
func TestReportShowsTheLowest(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 6))
	r := build(t, cfg)
	var kept []float32
	for _, d := range readDocuments(t, cfg.Output) {
		if d.Status == "kept" {
			kept = append(kept, d.Quality)
		}
	}
	slices.Sort(kept)
	if len(r.Survey.Lowest) != lowestShown {
		t.Fatalf("%d are shown", len(r.Survey.Lowest))
	}
	for i, e := range r.Survey.Lowest {
		if e.Quality != kept[i] {
			t.Errorf("number %d has quality %g, want %g", i, e.Quality, kept[i])
		}
	}
}

// Every reason for which the build dropped something by a bound has the bound in the
// report, and the page shows it.
func TestReportShowsThresholds(t *testing.T) {
	cfg := small(t, datatest.Corpus(t, 6))
	cfg.Score.MinQuality, cfg.Trim.MinSentenceQuality, cfg.Safety.MinSafety = 0.7, 0.5, 0.3
	cfg.Sentences.Action = dedup.ActionRemove
	r := build(t, cfg)
	bounds := map[string]Threshold{}
	for _, x := range r.Thresholds {
		bounds[x.Reason] = x
	}
	for reason, tally := range r.Dropped {
		if _, ok := bounds[reason]; !ok && reason != ReasonExactDuplicate && tally.Documents > 0 {
			t.Errorf("%s dropped %d documents and has no threshold", reason, tally.Documents)
		}
	}
	if x := bounds["quality"]; x.Min == nil || *x.Min != 0.7 {
		t.Errorf("min_quality is %+v", x)
	}
	page, err := os.ReadFile(filepath.Join(cfg.Output, data.NamePage))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<td>quality</td>", "<title>quality: 0.7</title>", "Lowest quality kept", "The copy that stays"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if n := strings.Count(string(page), "<script"); n > 0 {
		t.Error(fmt.Sprint(n, " scripts"))
	}
}
