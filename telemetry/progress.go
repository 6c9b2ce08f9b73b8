package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress owns the last line of a terminal. While it is open, everything that
// is shown goes through it: log lines scroll above the bar and neither tears the
// other. Where there is no terminal, only the lines are written, and a plain
// line of progress at every tenth of the way.
//
// All methods may be called by several goroutines.
type Progress struct {
	mu     sync.Mutex
	w      io.Writer
	screen Screen
	now    func() time.Time

	task     string
	base     int64 // units done when the task began
	done     int64
	total    int64
	start    time.Time
	note     string
	bar      *progressbar.ProgressBar
	shown    bool      // the bar is on the terminal's last line
	drawn    time.Time // when it was last drawn
	tenth    int64     // last tenth written as a plain line
	unended  []byte    // text of Write that has no line feed yet
	writeErr error
}

// redrawEvery bounds how often a bar that moves is drawn.
const redrawEvery = 100 * time.Millisecond

// NewProgress writes to w, drawn for the given screen.
func NewProgress(w io.Writer, screen Screen, now func() time.Time) *Progress {
	return &Progress{w: w, screen: screen, now: now}
}

// Begin starts a task of total units (0 when unknown) that has done units
// behind it already, and replaces the task before.
func (p *Progress) Begin(task string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.task, p.done, p.total, p.note = task, done, total, ""
	p.start, p.drawn = p.now(), time.Time{}
	p.tenth = tenthOf(done, total)
	p.bar = nil
	if total > 0 && p.screen.Terminal {
		p.bar = newBar(total)
	}
	p.base = done
	p.draw()
}

// Set moves the task to done units. note is shown behind the bar.
func (p *Progress) Set(done int64, note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.task == "" {
		return
	}
	p.done, p.note = done, note
	if !p.screen.Terminal {
		if t := tenthOf(done, p.total); t > p.tenth {
			p.tenth = t
			p.write(p.plain() + "\n")
		}
		return
	}
	if p.now().Sub(p.drawn) >= redrawEvery || p.total > 0 && done >= p.total {
		p.erase()
		p.draw()
	}
}

// End finishes the task and takes its bar away.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.task, p.bar = "", nil
}

// Println writes a line above the bar.
func (p *Progress) Println(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.above(strings.TrimRight(line, "\n") + "\n")
}

// Write implements io.Writer for loggers: whole lines are written above the
// bar, the start of a line waits for its end.
func (p *Progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unended = append(p.unended, b...)
	if end := bytes.LastIndexByte(p.unended, '\n'); end >= 0 {
		p.above(string(p.unended[:end+1]))
		p.unended = append(p.unended[:0], p.unended[end+1:]...)
	}
	return len(b), p.writeErr
}

// Close ends the task, writes what a logger left unended, and returns the first
// error that writing met.
func (p *Progress) Close() error {
	p.End()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unended) > 0 {
		p.write(string(p.unended) + "\n")
		p.unended = nil
	}
	return p.writeErr
}

func (p *Progress) above(text string) {
	p.erase()
	p.write(text)
	p.draw()
}

func (p *Progress) erase() {
	if p.shown {
		p.write("\r\x1b[2K")
		p.shown = false
	}
}

// draw puts the bar on the last line, cut to the width of the terminal: a line
// that wraps could not be erased.
func (p *Progress) draw() {
	if p.task == "" || !p.screen.Terminal {
		return
	}
	text := p.plain()
	if p.bar != nil {
		_ = p.bar.Set64(min(max(p.done, 0), p.total)) // writes to nowhere
		text = p.task + " " + strings.TrimSpace(p.bar.String()) + p.tail()
	}
	p.write(truncate(text, p.screen.Width-1))
	p.shown, p.drawn = true, p.now()
}

// plain is the state of the task in words.
func (p *Progress) plain() string {
	if p.total <= 0 {
		return p.task + " " + Grouped(p.done) + p.tail()
	}
	return fmt.Sprintf("%s %3d%%%s", p.task, 100*min(p.done, p.total)/p.total, p.tail())
}

// tail is what follows the bar: units, time left, note.
func (p *Progress) tail() string {
	var b strings.Builder
	if p.total > 0 {
		fmt.Fprintf(&b, " %s/%s", Grouped(p.done), Grouped(p.total))
		if eta := p.eta(); eta >= 0 {
			b.WriteString(" eta " + Duration(eta))
		}
	}
	if p.note != "" {
		b.WriteString(" " + p.note)
	}
	return b.String()
}

// eta extrapolates from the units done since Begin; negative when unknown.
func (p *Progress) eta() time.Duration {
	since, left := p.done-p.base, p.total-p.done
	if since <= 0 || left <= 0 {
		return -1
	}
	return time.Duration(float64(p.now().Sub(p.start)) / float64(since) * float64(left))
}

func (p *Progress) write(text string) {
	if _, err := io.WriteString(p.w, text); err != nil && p.writeErr == nil {
		p.writeErr = fmt.Errorf("telemetry: write progress: %w", err)
	}
}

func tenthOf(done, total int64) int64 {
	if total <= 0 {
		return 0
	}
	return done * 10 / total
}

// newBar makes a bar that only renders: times and units are ours, so that no
// clock of its own decides what is shown.
func newBar(total int64) *progressbar.ProgressBar {
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionThrottle(0),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "━", SaucerHead: "╸", SaucerPadding: "─", BarStart: "", BarEnd: "",
		}),
	)
	_ = bar.RenderBlank() // so that it has something to show at once
	return bar
}
