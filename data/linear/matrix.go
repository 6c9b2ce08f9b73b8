package linear

// matrix is a matrix of rows that can be added and multiplied.
type matrix interface {
	rows() int
	// addRows adds the rows of the given numbers to x, in order.
	addRows(x []float32, ids []int32)
	// dot returns the product of a row with x, summed from left to right.
	dot(x []float32, row int) float32
}

// dense holds all values, row by row.
type dense struct {
	cols int
	data []float32
}

func (m *dense) rows() int { return len(m.data) / m.cols }

func (m *dense) row(i int) []float32 { return m.data[i*m.cols:][:m.cols] }

func (m *dense) addRows(x []float32, ids []int32) {
	if m.cols == 1 { // a compact model of two labels
		sum := x[0]
		for _, id := range ids {
			sum += m.data[id]
		}
		x[0] = sum
		return
	}
	for _, id := range ids {
		add(x, m.row(int(id)))
	}
}

func (m *dense) dot(x []float32, row int) float32 { return dot(x, m.row(row)) }

// add adds y to x, which is as long.
func add(x, y []float32) {
	for len(x) >= 8 && len(y) >= 8 {
		a, b := (*[8]float32)(x), (*[8]float32)(y)
		a[0] += b[0]
		a[1] += b[1]
		a[2] += b[2]
		a[3] += b[3]
		a[4] += b[4]
		a[5] += b[5]
		a[6] += b[6]
		a[7] += b[7]
		x, y = x[8:], y[8:]
	}
	for i := range min(len(x), len(y)) {
		x[i] += y[i]
	}
}

// dot sums products from left to right. The conversion keeps a compiler from
// fusing them, which would give other bits on other machines.
func dot(x, y []float32) (sum float32) {
	y = y[:len(x)]
	for i, v := range x {
		sum += float32(v * y[i])
	}
	return sum
}

// addScaled adds a*y to x.
func addScaled(x []float32, a float32, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] += float32(a * y[i])
	}
}

// scale multiplies x by a.
func scale(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// quantised holds a code for each part of a row, and perhaps one for its norm.
type quantised struct {
	n     int // rows
	codes []byte
	parts quantiser
	norms []byte // nil: all 1
	norm  quantiser
}

// quantiser holds 256 centroids for each part of a vector: parts of size
// values, the last perhaps shorter.
type quantiser struct {
	dim, parts, size, last int
	centroids              []float32
}

func (q *quantiser) centroid(part int, code byte) []float32 {
	if part == q.parts-1 {
		return q.centroids[part*256*q.size+int(code)*q.last:][:q.last]
	}
	return q.centroids[(part*256+int(code))*q.size:][:q.size]
}

func (m *quantised) rows() int { return m.n }

func (m *quantised) normOf(row int) float32 {
	if m.norms == nil {
		return 1
	}
	return m.norm.centroids[m.norms[row]]
}

func (m *quantised) addRows(x []float32, ids []int32) {
	q := &m.parts
	for _, id := range ids {
		norm := m.normOf(int(id))
		for part, code := range m.codes[int(id)*q.parts:][:q.parts] {
			c := q.centroid(part, code)
			addScaled(x[part*q.size:][:len(c)], norm, c)
		}
	}
}

func (m *quantised) dot(x []float32, row int) (sum float32) {
	q := &m.parts
	for part, code := range m.codes[row*q.parts:][:q.parts] {
		for i, c := range q.centroid(part, code) {
			sum += float32(x[part*q.size+i] * c)
		}
	}
	return sum * m.normOf(row)
}
