package linear

// readMatrix reads a mark and a matrix of the model's dim columns. maybe tells
// that the matrix may be quantised.
func (m *Model) readMatrix(p *parser, what string, maybe bool) (matrix, bool, error) {
	mark, err := p.take(1, "the mark of "+what)
	if err != nil {
		return nil, false, err
	}
	if mark[0] > 1 {
		return nil, false, p.fail(p.off-1, "the mark of %s is %d, not 0 or 1", what, mark[0])
	}
	if mark[0] == 1 && maybe {
		q, err := m.readQuantised(p, what)
		return q, true, err
	}
	d, err := m.readDense(p, what)
	return d, false, err
}

// size reads the rows and columns of a matrix. Each row takes at least one byte.
func (m *Model) size(p *parser, what string) (rows int64, err error) {
	at := p.off
	var size struct{ Rows, Cols int64 }
	if err := p.read(&size, "the size of "+what); err != nil {
		return 0, err
	}
	if size.Cols != int64(m.args.Dim) {
		return 0, p.fail(at+8, "%s has %d columns; dim is %d", what, size.Cols, m.args.Dim)
	}
	if size.Rows < 1 || size.Rows > int64(len(p.data)) {
		return 0, p.fail(at, "%s has %d rows", what, size.Rows)
	}
	return size.Rows, nil
}

func (m *Model) readDense(p *parser, what string) (*dense, error) {
	rows, err := m.size(p, what)
	if err != nil {
		return nil, err
	}
	// Both factors are bounded (by the file's length and 2^20), so that the
	// product cannot wrap around for files below 2^41 bytes.
	data, err := p.floats(rows*int64(m.args.Dim), what)
	return &dense{int(m.args.Dim), data}, err
}

func (m *Model) readQuantised(p *parser, what string) (*quantised, error) {
	norms, err := p.take(1, "the norm mark of "+what)
	if err != nil {
		return nil, err
	}
	rows, err := m.size(p, what)
	if err != nil {
		return nil, err
	}
	at := p.off
	var codeBytes int32
	if err := p.read(&codeBytes, "the size of the codes of "+what); err != nil {
		return nil, err
	}
	codes, err := p.take(int64(codeBytes), "the codes of "+what)
	if err != nil {
		return nil, err
	}
	q := &quantised{n: int(rows), codes: append([]byte(nil), codes...)}
	if q.parts, err = readQuantiser(p, int(m.args.Dim), what); err != nil {
		return nil, err
	}
	if int64(codeBytes) != rows*int64(q.parts.parts) {
		return nil, p.fail(at, "%s has %d bytes of codes for %d rows of %d parts", what, codeBytes, rows, q.parts.parts)
	}
	if norms[0] == 0 {
		return q, nil
	}
	codes, err = p.take(rows, "the codes of the norms of "+what)
	if err != nil {
		return nil, err
	}
	q.norms = append([]byte(nil), codes...)
	q.norm, err = readQuantiser(p, 1, "the norms of "+what)
	return q, err
}

func readQuantiser(p *parser, dim int, what string) (q quantiser, err error) {
	at := p.off
	var h struct{ Dim, Parts, Size, Last int32 }
	if err := p.read(&h, "the quantiser of "+what); err != nil {
		return q, err
	}
	parts, last := int32(0), int32(0)
	if h.Size > 0 && h.Size <= int32(dim) {
		parts = (int32(dim) + h.Size - 1) / h.Size
		last = int32(dim) - (parts-1)*h.Size
	}
	if int(h.Dim) != dim || h.Parts != parts || h.Last != last || parts == 0 {
		return q, p.fail(at, "the quantiser of %s has %d parts of %d values, the last of %d, for %d columns; it says %d columns", what, h.Parts, h.Size, h.Last, dim, h.Dim)
	}
	q = quantiser{dim: dim, parts: int(parts), size: int(h.Size), last: int(last)}
	q.centroids, err = p.floats(int64(dim)*256, "the centroids of "+what)
	return q, err
}
