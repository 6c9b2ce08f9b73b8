package linear

// Compact returns a model with the same labels, features and probabilities
// whose vectors are as short as they can be, or m itself when that is not
// shorter than its dim. Only products of the input rows with the output matrix
// reach a probability, and softmax does not feel a number added to all of them,
// so one value a row is enough for two labels: a classifier of 100 dimensions
// shrinks by a factor of 100 and is bound by memory no more.
//
// Products are summed in another order, so probabilities differ by up to about
// 1e-5; those of one-vs-all and negative sampling, which come from a table, may
// be those of the neighbouring step, up to 0.008 away.
func (m *Model) Compact() *Model {
	nodes := m.dict.labels
	if m.args.Loss == lossSoftmax || m.args.Loss == lossTree {
		nodes-- // the first label's product becomes zero; a tree has so many inner nodes
	}
	if nodes < 1 || nodes >= int(m.args.Dim) {
		return m
	}
	c := *m
	c.quantised, c.args.Dim = false, int32(nodes)
	input := &dense{nodes, make([]float32, m.input.rows()*nodes)}
	output := &dense{nodes, make([]float32, m.dict.labels*nodes)}
	weights := m.weights(nodes, output)
	row := make([]float32, m.args.Dim)
	for i := range m.input.rows() {
		clear(row)
		m.input.addRows(row, []int32{int32(i)})
		for j := range nodes {
			sum := 0.0
			for k, v := range row {
				sum += float64(float64(v) * weights[j][k])
			}
			input.row(i)[j] = float32(sum)
		}
	}
	c.input, c.output = input, output
	return &c
}

// weights returns what the compact values are products with, and sets the
// output matrix that gives them back.
func (m *Model) weights(nodes int, output *dense) [][]float64 {
	rows := m.dict.labels
	matrix := make([][]float64, rows)
	unit := make([]float32, m.args.Dim)
	for i := range matrix {
		matrix[i] = make([]float64, m.args.Dim)
		for k := range unit {
			unit[k] = 1
			matrix[i][k] = float64(m.output.dot(unit, i))
			unit[k] = 0
		}
	}
	if m.args.Loss != lossSoftmax {
		for j := range nodes {
			output.row(j)[j] = 1
		}
		return matrix[:nodes]
	}
	for j := range nodes {
		output.row(j + 1)[j] = 1
		for k, v := range matrix[0] {
			matrix[j+1][k] -= v
		}
	}
	return matrix[1:]
}
