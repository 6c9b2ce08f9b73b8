package telemetry

import (
	"image/color"
	"io"
	"os"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Screen says how to draw for a writer.
type Screen struct {
	Terminal bool // a person is watching: boxes, and a bar that moves
	Color    bool
	Width    int // columns; 80 when unknown
}

// DefaultWidth is used where no terminal tells its width.
const DefaultWidth = 80

// ScreenOf looks at a writer and the environment: NO_COLOR (set to anything)
// turns colours off, TERM=dumb everything.
func ScreenOf(w io.Writer, getenv func(string) string) Screen {
	s := Screen{Width: DefaultWidth}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || getenv("TERM") == "dumb" {
		return s
	}
	s.Terminal = true
	s.Color = getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		s.Width = width
	}
	return s
}

// The colours work on light and dark grounds.
var (
	accent = lipgloss.Color("#0d9488")
	muted  = lipgloss.Color("#808080")
)

// paint colours text when the screen has colours.
func (s Screen) paint(text string, c color.Color, bold bool) string {
	if !s.Color {
		return text
	}
	return lipgloss.NewStyle().Foreground(c).Bold(bold).Render(text)
}

// width returns the columns that text takes: two for a Chinese character, none
// for a colour code.
func width(text string) int { return lipgloss.Width(text) }

// padRight fills text with blanks up to a display width.
func padRight(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-width(text)))
}

// padLeft puts blanks before text up to a display width.
func padLeft(text string, columns int) string {
	return strings.Repeat(" ", max(0, columns-width(text))) + text
}

// truncate cuts plain text to a display width, with an ellipsis where it was
// cut. Characters made of several code points stay whole.
func truncate(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	var b strings.Builder
	used := 0
	for g := uniseg.NewGraphemes(text); g.Next(); {
		w := width(g.Str())
		if used+w > columns-1 {
			break
		}
		used += w
		b.WriteString(g.Str())
	}
	if columns > 0 {
		b.WriteString("…")
	}
	return b.String()
}
