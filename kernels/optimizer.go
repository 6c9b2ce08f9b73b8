package kernels

// Moment8Block is how many elements share a scale in a [Moment8].
const Moment8Block = 256

// Moment8 is a vector in eight bits, as bitsandbytes keeps the state of its
// optimizers: element i is map[Codes[i]]*AbsMax[i/256] for one of the dynamic maps,
// rounded once. To store a block is to set its AbsMax to the largest magnitude and
// every code to [NearestCode]. Zero bytes are zeros.
type Moment8 struct {
	Codes  Buf // U8
	AbsMax Buf // F32, one per block of 256, the last of which may be shorter
}

// LionArgs are the scalars of one step of Lion (Chen et al. 2023, algorithm 2):
//
//	g'  = GradScale*g
//	way = fma(Beta1, m, (1-Beta1)*g')
//	m   = fma(Beta2, m, (1-Beta2)*g')
//	p   = fma(-(LR*WeightDecay), p, p) - LR*sign(way)
//
// with sign(0) = 0 and every other operation rounded to float32. An m that became
// subnormal is stored as 0, as in [AdamWArgs].
type LionArgs struct {
	LR, Beta1, Beta2, WeightDecay float32
	GradScale                     float32 // clipping factor
}

// AdafactorArgs are the operands of one step of Adafactor (Shazeer and Stern 2018,
// as torch.optim.Adafactor has it) on P [R,C] with gradient G [R,C]:
//
//	g'     = GradScale*G, rounded to float32
//	row[r] = row[r] + Rate*(sum over c of g'[r,c]²/C - row[r])
//	col[c] = col[c] + Rate*(sum over r of g'[r,c]²/R - col[c])
//	u[r,c] = g'[r,c] / sqrt(max(row[r]*col[c]/max(mean(row), Eps1), Eps1²))
//	alpha  = Rho*max(Eps2, sqrt(sum(P²)/(R*C))) / max(1, sqrt(sum(u²)/(R*C))/Clip)
//	P      = P*(1 - LR*WeightDecay) - alpha*u
//
// with Var instead of Row and Col, which are then absent:
//
//	var[r,c] = var[r,c] + Rate*(g'[r,c]² - var[r,c])
//	u[r,c]   = g'[r,c] / sqrt(max(var[r,c], Eps1²))
//
// All arithmetic is float64 without fusing, and what is stored is rounded to
// float32; row[r]/max(mean(row), Eps1) is rounded before it meets col[c]. Sums over
// a row take 16 lanes, as [Device] SumSquares does in a block; sums over rows, and
// of the sums of rows, run in the order of rows.
type AdafactorArgs struct {
	P, G                 Mat
	Row, Col             Buf // F32[R], F32[C]
	Var                  Mat // [R,C]
	Rate                 float64
	LR, WeightDecay, Rho float64
	Eps1, Eps2, Clip     float64
	GradScale            float32
}
