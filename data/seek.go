package data

import (
	"fmt"
	"math"

	"huihai/data/mix"
)

// RowsDrawn returns the number of rows before the place, since the start of the
// order; rowsPerEpoch is [Loader.Rows] of the data set.
func (s State) RowsDrawn(rowsPerEpoch int64) int64 { return s.Epoch*rowsPerEpoch + s.Index }

// Drawn returns the number of rows before the loader's place, since the start of
// the order, those of other readers included.
func (l *Loader) Drawn() int64 { return l.at.state.RowsDrawn(l.Rows()) }

// SeekRows moves the loader to the place after so many rows from the start of the
// order, with the seed and the kind of order that it has now. It reads no data;
// with a mixture it goes through the draws in between, tens of millions a second,
// else it takes no time.
func (l *Loader) SeekRows(rows int64) error {
	if rows < 0 {
		return fmt.Errorf("data: loader: asked for the place after %d rows", rows)
	}
	s := l.State()
	s.Epoch, s.Index = rows/l.Rows(), rows%l.Rows()
	if l.mixture == nil {
		if e := int64(l.cfg.Epochs); e > 0 && (s.Epoch > e || s.Epoch == e && s.Index > 0) {
			return fmt.Errorf("data: loader: the order ends after %d rows; asked for the place after %d", e*l.Rows(), rows)
		}
		return l.move(s)
	}
	m, err := mix.NewMixer(l.mixture.segments)
	if err != nil {
		return fmt.Errorf("data: loader: %w", err)
	}
	if l.Drawn() <= rows {
		m.CopyFrom(l.at.mixer)
	}
	for m.Draws() < rows {
		if m.Ended() {
			return fmt.Errorf("data: loader: the mixture ends after %d rows; asked for the place after %d", m.Draws(), rows)
		}
		m.Next()
	}
	begun, err := l.mixture.begun(rows)
	if err != nil {
		return fmt.Errorf("data: loader: %w", err)
	}
	s.Mixture = &MixtureState{Segments: begun, Place: m.Place()}
	return l.move(s)
}

// SourceRepeat says how often a run repeats the rows of a source.
type SourceRepeat struct {
	Source string  `json:"source"` // "" where the data set does not tell its sources
	Rows   int64   `json:"rows"`   // that there are
	Drawn  int64   `json:"drawn"`  // in the run
	Passes float64 `json:"passes"` // Drawn / Rows
}

// Repeats tells for a run that draws so many rows, from the start of the order, how
// often it goes through each source: in the order of their names, 0 passes for those
// that are left out. A run draws fewer rows where the order ends before.
//
// Without a mixture a pass that is not finished is shared by the sources in
// proportion, to a row; which rows it really takes is drawn by the seed. With one
// the numbers are those of the draws themselves, beyond some fifty million draws an
// estimate (see [mix.Estimate]).
func (l *Loader) Repeats(rows int64) ([]SourceRepeat, error) {
	if rows < 0 {
		return nil, fmt.Errorf("data: loader: asked for the passes of %d rows", rows)
	}
	if l.mixture != nil {
		drawn, err := l.mixture.draws(rows)
		if err != nil {
			return nil, fmt.Errorf("data: loader: %w", err)
		}
		return l.repeats(drawn), nil
	}
	rows, err := l.Available(rows)
	if err != nil {
		return nil, err
	}
	if l.sources == nil {
		return []SourceRepeat{{Rows: l.Rows(), Drawn: rows, Passes: float64(rows) / float64(l.Rows())}}, nil
	}
	// Each source takes what is due up to it and was not taken by those before, so
	// that the rows add up.
	drawn := make([]int64, len(l.sources))
	passes, rest := rows/l.Rows(), float64(rows%l.Rows())
	var seen, taken int64
	for i, s := range l.sources {
		seen += s.rows
		due := int64(math.Round(rest * float64(seen) / float64(l.Rows())))
		drawn[i] = passes*s.rows + due - taken
		taken = due
	}
	return l.repeats(drawn), nil
}

// repeats counts the passes of rows drawn by source.
func (l *Loader) repeats(drawn []int64) []SourceRepeat {
	var out []SourceRepeat
	for i, s := range l.sources {
		out = append(out, SourceRepeat{Source: s.name, Rows: s.rows, Drawn: drawn[i], Passes: float64(drawn[i]) / float64(s.rows)})
	}
	return out
}

// walkedDraws is up to how many draws, times sources, are counted one by one: about a
// second.
const walkedDraws = 1 << 28

// draws counts the first rows draws by source.
func (m *mixture) draws(rows int64) ([]int64, error) {
	if rows > walkedDraws/int64(len(m.names)) {
		return mix.Estimate(m.segments, rows)
	}
	mixer, err := mix.NewMixer(m.segments)
	if err != nil {
		return nil, err
	}
	for mixer.Draws() < rows && !mixer.Ended() {
		mixer.Next()
	}
	return mixer.Place().Drawn, nil
}
