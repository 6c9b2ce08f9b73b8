package cpu

import (
	"math"

	"huihai/kernels"
)

// factorPhase is a pass over the tensor of one Adafactor step.
type factorPhase uint8

const (
	factorRows  factorPhase = iota // means of squares by row, or one by one
	factorCols                     // means of squares by column
	factorNorms                    // sums of squares of weights and update
	factorApply
)

// factorCut is how many columns a unit of factorCols takes, and factorRound how
// many rows there are sums for at a time.
const (
	factorCut   = 64
	factorRound = 1024
)

// factorTask is one Adafactor step.
type factorTask struct {
	d                *Device
	a                kernels.AdafactorArgs
	p, g, v          mat
	row, col         []float32
	phase            factorPhase
	first            int // row that a round of factorNorms begins with
	split            rowSplit
	mean             float64 // of the rows, at least Eps1
	keep, alpha      float64
	weights, updates [factorRound]float64
}

// unit implements task.
func (t *factorTask) unit(_, u int) {
	switch t.phase {
	case factorCols:
		t.columns(u*factorCut, min(t.a.P.Cols, (u+1)*factorCut))
	case factorNorms:
		from, to := t.split.bounds(u)
		for r := from; r < to; r++ {
			t.weights[r] = t.d.isa.sumSquares64(t.p.at(t.first+r, 0, t.a.P.Cols))
			t.updates[r] = t.norm(t.first + r)
		}
	default:
		from, to := t.split.bounds(u)
		for r := from; r < to; r++ {
			if t.phase == factorRows {
				t.squares(r)
			} else {
				t.apply(r)
			}
		}
	}
}

// grad returns the scaled gradient, which is rounded.
func (t *factorTask) grad(x float32) float64 { return float64(t.a.GradScale * x) }

// toward moves x by the rate of this step.
func (t *factorTask) toward(x float32, to float64) float32 {
	return float32(float64(x) + float64(t.a.Rate*(to-float64(x))))
}

// squares updates the second moments of row r.
func (t *factorTask) squares(r int) {
	g := t.g.at(r, 0, t.a.P.Cols)
	if t.row == nil {
		v := t.v.at(r, 0, len(g))
		for c, x := range g {
			s := t.grad(x)
			v[c] = t.toward(v[c], float64(s*s)) // not fused, on any machine
		}
		return
	}
	var lanes [kernels.Lanes]float64
	for c, x := range g {
		s := t.grad(x)
		lanes[c%kernels.Lanes] += float64(s * s)
	}
	t.row[r] = t.toward(t.row[r], kernels.Tree16F64(&lanes)/float64(len(g)))
}

// columns updates the second moments of columns [from, to).
func (t *factorTask) columns(from, to int) {
	var sums [factorCut]float64
	for r := range t.a.P.Rows {
		for c, x := range t.g.at(r, from, to-from) {
			s := t.grad(x)
			sums[c] += float64(s * s)
		}
	}
	for c, s := range sums[:to-from] {
		t.col[from+c] = t.toward(t.col[from+c], s/float64(t.a.P.Rows))
	}
}

// update returns element c of a row's update; share is that of the row.
func (t *factorTask) update(g, second float32, share float64) float64 {
	return t.grad(g) / math.Sqrt(max(float64(share*float64(second)), float64(t.a.Eps1*t.a.Eps1)))
}

// seconds returns the second moments of the columns of row r and the row's share.
func (t *factorTask) seconds(r int) (second []float32, share float64) {
	if t.row == nil {
		return t.v.at(r, 0, t.a.P.Cols), 1
	}
	return t.col, float64(t.row[r]) / t.mean
}

// norm returns the sum of squares of row r of the update.
func (t *factorTask) norm(r int) float64 {
	second, share := t.seconds(r)
	var lanes [kernels.Lanes]float64
	for c, g := range t.g.at(r, 0, t.a.P.Cols) {
		u := t.update(g, second[c], share)
		lanes[c%kernels.Lanes] += float64(u * u)
	}
	return kernels.Tree16F64(&lanes)
}

// apply moves row r.
func (t *factorTask) apply(r int) {
	second, share := t.seconds(r)
	p := t.p.at(r, 0, t.a.P.Cols)
	for c, g := range t.g.at(r, 0, len(p)) {
		p[c] = float32(float64(float64(p[c])*t.keep) - float64(t.alpha*t.update(g, second[c], share)))
	}
}

// Adafactor implements [kernels.Device].
func (d *Device) Adafactor(a kernels.AdafactorArgs) {
	sameShape(a.P, a.G)
	rows, cols := a.P.Rows, a.P.Cols
	byRow := !a.Row.IsZero()
	if byRow && (a.Row.Len != rows || a.Col.Len != cols) {
		panic("cpu: Adafactor: second moments do not fit the matrix")
	}
	if rows == 0 || cols == 0 {
		return
	}
	t := &d.tasks.factor
	t.d, t.a, t.p, t.g = d, a, viewMat(a.P), viewMat(a.G)
	if byRow {
		t.row, t.col = f32(a.Row), f32(a.Col)
	} else {
		sameShape(a.P, a.Var)
		t.v = viewMat(a.Var)
	}
	t.pass(factorRows, rows)
	if byRow {
		t.phase = factorCols
		d.pool.run(t, ceilDiv(cols, factorCut))
		sum := 0.0
		for _, x := range t.row {
			sum += float64(x)
		}
		t.mean = max(sum/float64(rows), a.Eps1)
	}
	weights, updates := 0.0, 0.0
	for t.first = 0; t.first < rows; t.first += factorRound {
		n := min(factorRound, rows-t.first)
		t.pass(factorNorms, n)
		for r := range n {
			weights += t.weights[r]
			updates += t.updates[r]
		}
	}
	n := float64(rows) * float64(cols)
	t.keep = 1 - float64(a.LR*a.WeightDecay)
	t.alpha = a.Rho * max(a.Eps2, math.Sqrt(weights/n)) / max(1, math.Sqrt(updates/n)/a.Clip)
	t.pass(factorApply, rows)
	t.a, t.p, t.g, t.v, t.row, t.col = kernels.AdafactorArgs{}, mat{}, mat{}, mat{}, nil, nil
}

// pass runs a phase over so many rows.
func (t *factorTask) pass(phase factorPhase, rows int) {
	t.phase, t.split = phase, splitRows(rows, t.a.P.Cols, t.d.threads)
	t.d.pool.run(t, t.split.units())
}
