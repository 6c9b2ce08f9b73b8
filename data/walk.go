package data

import (
	"fmt"

	"huihai/data/mix"
	"huihai/internal/rng"
)

// walk goes through the order of a loader, row by row.
type walk struct {
	l     *Loader
	state State      // without State.Mixture
	mixer *mix.Mixer // nil without a mixture
	epoch epochOrder // the permutation in use, without a mixture
	each  []epochOrder
}

// newWalk begins at a state.
func (l *Loader) newWalk(s State) (*walk, error) {
	w := &walk{l: l, state: s}
	w.state.Mixture = nil
	if l.mixture == nil {
		return w, nil
	}
	var err error
	if w.mixer, err = mix.NewMixer(l.mixture.segments); err != nil {
		return nil, err
	}
	w.each = make([]epochOrder, len(l.sources))
	if s.Mixture == nil {
		return w, nil
	}
	if err := w.mixer.Restore(s.Mixture.Place); err != nil {
		return nil, err
	}
	if n := w.mixer.Draws(); n != s.Epoch*l.Rows()+s.Index {
		return nil, fmt.Errorf("%d rows were drawn of the sources, but %d in all", n, s.Epoch*l.Rows()+s.Index)
	}
	return w, nil
}

// ended tells that no row is left.
func (w *walk) ended() bool {
	if w.mixer != nil {
		return w.mixer.Ended()
	}
	return w.l.cfg.Epochs > 0 && w.state.Epoch >= int64(w.l.cfg.Epochs)
}

// skip goes on by one row.
func (w *walk) skip() {
	if w.mixer != nil {
		w.mixer.Next()
	}
	w.count()
}

// count goes on by one row in the state.
func (w *walk) count() {
	if w.state.Index++; w.state.Index == w.l.Rows() {
		w.state.Epoch++
		w.state.Index = 0
	}
}

// next returns the number in the split of the next row, and goes on.
func (w *walk) next() int64 {
	s := w.state
	w.count()
	if w.mixer == nil {
		if !s.Shuffle {
			return s.Index
		}
		return w.epoch.at(w.l.Rows(), s.Seed, uint64(s.Epoch), s.Index)
	}
	k, before := w.mixer.Next()
	src := &w.l.sources[k]
	i := before % src.rows
	if s.Shuffle {
		i = w.each[k].at(src.rows, s.Seed, w.l.streams[k]+uint64(before/src.rows), i)
	}
	return src.row(i)
}

// copyFrom makes w equal to another walk of the same loader.
func (w *walk) copyFrom(o *walk) {
	w.state = o.state
	if w.mixer != nil {
		w.mixer.CopyFrom(o.mixer)
	}
}

// snapshot returns the state.
func (w *walk) snapshot() State {
	s := w.state
	if w.mixer == nil {
		return s
	}
	begun, err := w.l.mixture.begun(w.mixer.Draws())
	if err != nil {
		panic("data: segments of a mixture cannot be hashed")
	}
	s.Mixture = &MixtureState{Segments: begun, Place: w.mixer.Place()}
	return s
}

// epochOrder is the permutation of one pass.
type epochOrder struct {
	perm         *mix.Permutation
	seed, stream uint64
}

func (e *epochOrder) at(rows int64, seed, stream uint64, i int64) int64 {
	if e.perm == nil || e.stream != stream || e.seed != seed {
		e.perm, e.seed, e.stream = mix.NewPermutation(rows, seed, stream), seed, stream
	}
	return e.perm.At(i)
}

// streamOf names the permutations of a source: those of its passes follow it.
func streamOf(source string) uint64 { return rng.New(0, "data/mixture/"+source).Uint64() }
