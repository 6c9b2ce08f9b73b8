package kernels

// IgnoreLabel marks a position that carries no loss.
const IgnoreLabel = -100

// Capabilities says what a device is and what it can hold.
type Capabilities struct {
	// Path names the code path in use ("avx2", "avx512", "portable", "cuda").
	Path string
	// Threads is the number of workers of a CPU device, 0 elsewhere.
	Threads int
	// FixedBytes is memory the device keeps for itself (packing panels), to be
	// counted in every plan.
	FixedBytes int64
	// MemoryBytes is the memory of the device, 0 when unknown.
	MemoryBytes int64
	// Weights lists the element types that MatMulNT, MatMulNN and Embedding take
	// as right-hand side (table).
	Weights []DType
}

// Device computes. All calls but Read, Write and Sync may be asynchronous; they
// take effect in the order in which they were made. A Device is used by one
// goroutine at a time. Unless a method says otherwise, outputs must not overlap
// inputs, all matrices are F32 and every call is deterministic to the bit.
//
// Shape letters: T rows (tokens), C hidden size, V vocabulary, H heads, D head
// size, F feed-forward size.
type Device interface {
	// Name is for people: "cpu (avx2, 2 threads)".
	Name() string
	Capabilities() Capabilities
	// Alloc returns zeroed memory aligned to at least 64 bytes, or an error
	// that says how much was asked for and how much there is.
	Alloc(bytes int64) (Mem, error)
	// AllocOnDemand is Alloc for memory of which perhaps only scattered parts will
	// ever be written: a device that can takes memory for such a part, a small
	// page, when it is first written. Another may treat it as Alloc.
	AllocOnDemand(bytes int64) (Mem, error)
	// Free gives an allocation back. Buffers on it must not be used again.
	Free(Mem)
	// Write copies host bytes to the start of dst; len(src) <= dst.Bytes().
	Write(dst Buf, src []byte) error
	// Read waits for pending work and copies the first len(dst) bytes of src.
	Read(dst []byte, src Buf) error
	// Sync waits for pending work and reports a failure of the device.
	Sync() error
	// Close waits for pending work and frees everything.
	Close() error

	// Zero clears dst (any type).
	Zero(dst Buf)
	// Copy copies src to dst (equal Len). F32 to BF16 rounds to nearest even,
	// BF16 to F32 widens; equal types copy bytes.
	Copy(dst, src Buf)
	// Add: dst[i] = a[i] + b[i]. dst may be a or b.
	Add(dst, a, b Buf)
	// Axpy: dst[i] = fma(alpha, src[i], dst[i]).
	Axpy(dst Buf, alpha float32, src Buf)
	// Scale: dst[i] = alpha * src[i]. dst may be src.
	Scale(dst Buf, alpha float32, src Buf)

	// MatMulNT: c[M,N] = a[M,K] · b[N,K]ᵀ, or c += when acc (y = x Wᵀ).
	// b may be BF16, I8 or NF4; the product is that with b widened to float32
	// element by element, as [Mat] defines it.
	MatMulNT(c, a, b Mat, acc bool)
	// MatMulNN: c[M,N] = a[M,K] · b[K,N], or c += (dx = dy W). b may be BF16, I8
	// or NF4 as in MatMulNT.
	MatMulNN(c, a, b Mat, acc bool)
	// MatMulTN: c[M,N] = a[K,M]ᵀ · b[K,N], or c += (dW += dyᵀ x). K counts
	// tokens and is walked in order, continuing from c.
	MatMulTN(c, a, b Mat, acc bool)
	// MatMuls computes products of which none reads or writes what another
	// writes, so that the device can overlap them. Each has the bits that it has
	// alone. The slice is not kept.
	MatMuls(ms []MatMul)

	// Embedding: y[t] = table[ids[t]]; ids are I32 in [0, table.Rows). table
	// may be BF16, I8 or NF4. An id out of range gives a row of zeros; callers check ids.
	Embedding(y, table Mat, ids Buf)
	// EmbeddingGrad: for t in order, if ids[t] != pad:
	// dTable[ids[t]] += dy[t]. pad < 0 means no padding row. An id out of range is
	// passed over.
	EmbeddingGrad(dTable, dy Mat, ids Buf, pad int)

	// RMSNorm: per row, ms = lanes16(x²)/C, rstd = 1/sqrt(ms+eps),
	// y = (x*rstd)*gain. rstd is F32[T]; it may be absent (inference).
	RMSNorm(y Mat, rstd Buf, x Mat, gain Buf, eps float32)
	// RMSNormGrad: with n = x*rstd, g = dy*gain and s = lanes16(g*n)/C per row:
	// dx = rstd*(g - n*s); and dGain[c] = fma(dy, n, dGain[c]) over rows in
	// order. dx may be dy. An absent dGain is not computed (frozen gain).
	RMSNormGrad(dx Mat, dGain Buf, dy, x Mat, gain, rstd Buf)

	// Rotary rotates x in place, rotate-half pairing (i, i+D/2): x holds
	// heads of size headDim side by side, table is F32[maxPos, headDim] as
	// made by [RotaryTable] (cos in the first half of a row, sin in the
	// second), positions is I32[T]. inverse rotates back (the gradient). A
	// position outside the table fills the row with NaN; callers check positions.
	Rotary(x Mat, table, positions Buf, headDim int, inverse bool)

	// Attention is causal attention over p.Batch independent rows:
	// q is [Batch*Tq, H*D]; k and v are [Batch*Tk, KVH*D]; the query i of a row
	// stands at position i+Tk-Tq. score(i,j) = Scale*q_i·k_j
	// + Slopes[h]*(j-i), visible when j <= i and Segments agree. out is
	// [Batch*Tq, H*D]. lse, F32[Batch*H*Tq], receives log(sum(exp(score)));
	// it may be absent (inference). Weights are [Weight32] of score minus the
	// largest score (the gradient: minus lse).
	Attention(out Mat, lse Buf, q, k, v Mat, p AttentionParams)
	// AttentionGrad overwrites dq, dk, dv. It recomputes the probabilities
	// from lse. dq, dk, dv may not overlap q, k, v.
	AttentionGrad(dq, dk, dv, dOut, out Mat, lse Buf, q, k, v Mat, p AttentionParams)
	// AttentionScratch returns the bytes that p.Scratch must have.
	AttentionScratch(p AttentionParams, grad bool) int64

	// SwiGLU: h = silu(gate) * up. h may be gate or up.
	SwiGLU(h, gate, up Mat)
	// SwiGLUGrad: with s = sigmoid(gate): dUp = dh*(gate*s),
	// dGate = (dh*up)*(s*fma(gate, 1-s, 1)). dGate and dUp may be gate and up.
	SwiGLUGrad(dGate, dUp, dh, gate, up Mat)

	// RowNormalize: norms[r] = sqrt(lanes16(x²)); y = x / max(norm, eps). With y
	// the zero Mat only norms are computed.
	RowNormalize(y Mat, norms Buf, x Mat, eps float32)
	// RowNormalizeGrad: with y = x/max(norm,eps) and s = lanes16(dy*y):
	// dx = (dy - y*s)/max(norm,eps) when norm > eps, else dx = dy/eps;
	// dx may be dy. With acc the result is added to dx (then dx is not dy).
	RowNormalizeGrad(dx, dy, x Mat, norms Buf, eps float32, acc bool)

	// HeadLoss computes logits = H·Wᵀ in chunks of tokens and from them the
	// loss terms and, in the same pass, the gradients. See [HeadLossArgs].
	HeadLoss(a HeadLossArgs)
	// HeadLossScratch returns the bytes that a.Scratch must have; only shapes
	// are read. It does not grow with tokens x vocabulary.
	HeadLossScratch(tokens, hidden, vocab int, grad bool) int64

	// SumSquares returns the float64 sum of squares: squares in float64,
	// 16 lanes over fixed blocks of 4096 elements, block sums added in order.
	// It waits for pending work.
	SumSquares(x Buf) (float64, error)
	// SumSquaresRows is SumSquares of the dense matrix that x stands for, which has
	// no gaps between its rows: the same blocks of 4096, the same bits.
	SumSquaresRows(x SparseRows) (float64, error)
	// AdamW updates one tensor in one pass. See [AdamWArgs].
	AdamW(p, g, m, v Buf, a AdamWArgs)
	// AdamWRows is AdamW of p [R,C] with the dense matrix that g stands for, to the
	// bit. The moments of row r are zero where !seen[r] (host memory, one value per
	// row) and g has no such row: they are neither read nor written.
	AdamWRows(p Mat, g SparseRows, m, v Mat, seen []bool, a AdamWArgs)
	// AdamW8 is AdamW with moments in eight bits: [Moment8] m of [DynamicMap] and v
	// of [DynamicMapUnsigned]. For every block the moments are widened, the block
	// is updated with the bits of AdamW, and the new moments are stored again.
	AdamW8(p, g Buf, m, v Moment8, a AdamWArgs)
	// Lion updates one tensor in one pass. See [LionArgs].
	Lion(p, g, m Buf, a LionArgs)
	// Adafactor updates one tensor. See [AdafactorArgs].
	Adafactor(a AdafactorArgs)
}

// MatMulKind tells which sides of a product are transposed.
type MatMulKind uint8

// The kinds, named after the methods of [Device]: NT for MatMulNT and so on.
const (
	NT MatMulKind = iota
	NN
	TN
)

// MatMul is one product of [Device.MatMuls].
type MatMul struct {
	Kind    MatMulKind
	C, A, B Mat
	Acc     bool
}

// AttentionParams holds what an attention call needs besides its matrices.
type AttentionParams struct {
	Batch, Tq, Tk  int
	Heads, KVHeads int // KVHeads divides Heads; equal for Baichuan 2
	HeadDim        int // a multiple of 8
	Scale          float32
	Slopes         Buf // F32[Heads] ALiBi slopes; absent without ALiBi
	Segments       Buf // I32[Batch*Tk] document ids; absent when a row is one document
	Scratch        Buf // U8, at least AttentionScratch bytes
}

// HeadLossArgs are the operands of [Device.HeadLoss]. For each token t with
// label y = Labels[t] != IgnoreLabel and logits z = H[t]·Wᵀ:
//
//	NLL[t]      = logsumexp(z) - z[y]
//	MaxLogit[t] = max(z)                       (the first index wins ties)
//	dz[v]       = InvCount*(softmax(z)[v] - 1{v=y})   (weights by [Weight32])
//	dz[argmax] += InvCount*2*ZWeight*MaxLogit[t]
//	DH[t]       = dz·W        DW[v] = fma(dz[t,v], H[t], DW[v]) in token order
//
// A label that is neither IgnoreLabel nor in [0, V) gives a NaN loss and no
// gradient; callers check labels. Ignored tokens get NLL = MaxLogit = 0 and DH = 0 and touch DW not at all.
// With DH absent only NLL and MaxLogit are computed; with DW absent the head is
// frozen.
type HeadLossArgs struct {
	H, W Mat // [T,C], [V,C]
	// Norms, F32[V], makes W stand for its rows divided by max(Norms[v], Eps),
	// which is NormHead: the bits are those of a copy that RowNormalize stored.
	// DW is then the gradient with respect to the divided rows. W must be F32.
	// Absent, W is taken as it is.
	Norms         Buf
	Eps           float32
	Labels        Buf // I32[T]
	NLL, MaxLogit Buf // F32[T], written
	DH            Mat // [T,C], overwritten; zero Mat: forward only
	DW            Mat // [V,C], accumulated; zero Mat: not wanted
	InvCount      float32
	ZWeight       float32
	Scratch       Buf // U8, at least HeadLossScratch bytes
}

// AdamWArgs are the scalars of one AdamW step (Loshchilov and Hutter 2019):
//
//	g' = GradScale*g
//	m  = Beta1*m + (1-Beta1)*g'
//	v  = Beta2*v + (1-Beta2)*g'²
//	p  = p - LR*WeightDecay*p - LR * (m/Corr1) / (sqrt(v/Corr2) + Eps)
//
// An m or v that became subnormal is stored as 0: the moments of rows without
// gradient decay to that range, never leave it by rounding, and would slow every
// later step.
type AdamWArgs struct {
	LR, Beta1, Beta2, Eps, WeightDecay float32
	Corr1, Corr2                       float32 // 1-Beta1^t, 1-Beta2^t, from the float32 betas
	GradScale                          float32 // clipping factor
}
