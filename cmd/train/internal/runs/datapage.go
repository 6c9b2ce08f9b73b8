package runs

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"huihai/data/build"
	"huihai/telemetry"
)

// StageLines shows a build: a bar with rate and time left for the stage under way
// and a line for each that is finished.
func StageLines(p *telemetry.Progress, now func() time.Time) func(build.Event) {
	stage, began, base := "", time.Time{}, int64(0)
	return func(e build.Event) {
		if e.Note != "" {
			p.Println("note: " + e.Note)
			return
		}
		if e.Finished {
			p.End()
			stage = ""
			p.Println(fmt.Sprintf("%-10s %7.2fs  %s", e.Stage, e.Seconds, e.Summary))
			return
		}
		if e.Stage != stage {
			stage, began, base = e.Stage, now(), e.Done
			p.Begin(e.Stage, e.Done, e.Total)
		}
		p.Set(e.Done, rate(e.Done-base, now().Sub(began), build.Unit(e.Stage)))
	}
}

// rate says how fast units pass; nothing before there is something to tell.
func rate(done int64, in time.Duration, unit string) string {
	perSecond := float64(done) / in.Seconds()
	switch {
	case done <= 0 || in <= 0:
		return ""
	case unit == build.UnitBytes:
		return fmt.Sprintf("%.1f MB/s", perSecond/1e6)
	}
	return fmt.Sprintf("%.3g %s/s", perSecond, unit)
}

// DataPage tells what became of the text.
func DataPage(dir string, r *build.Report, screen telemetry.Screen) string {
	t := telemetry.Table{Title: "text", Header: []string{"", "documents", "MB", "share of text"}}
	add := func(what string, documents, bytes int64) {
		share := 0.0
		if r.Read.Bytes > 0 {
			share = 100 * float64(bytes) / float64(r.Read.Bytes)
		}
		t.Add(what, telemetry.Grouped(documents), fmt.Sprintf("%.2f", float64(bytes)/1e6), fmt.Sprintf("%.1f%%", share))
	}
	add("read", r.Read.Documents, r.Read.Bytes)
	for _, step := range r.Funnel {
		switch {
		case step.Stage == build.StageGather: // records, which were never documents
		case step.Cut:
			add("cut out: "+step.Reason, step.Documents, step.Bytes)
		default:
			add("dropped: "+step.Reason, step.Documents, step.Bytes)
		}
	}
	add("kept", r.Kept.Documents, r.Kept.Bytes)
	page := t.Render(screen)
	if r.Unchanged {
		page = fmt.Sprintf("%s is up to date; nothing was done\n", dir) + page
	}
	for _, s := range r.Splits {
		if s.Rows > 0 {
			page += fmt.Sprintf("%s: %s tokens in %s rows, %.2f bytes per token\n", s.Name, telemetry.Grouped(s.Tokens),
				telemetry.Grouped(s.Rows), float64(s.Bytes)/float64(max(1, s.Tokens-s.Documents)))
		}
	}
	for _, bad := range r.BadFiles {
		page += fmt.Sprintf("bad file %s: %s (%d documents kept from it)\n", bad.File, bad.Reason, bad.Documents)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
		page += fmt.Sprintf("%s records rejected: %s (samples in %s/rejects.jsonl)\n", telemetry.Grouped(r.Rejected[reason].Documents), reason, dir)
	}
	return page
}
