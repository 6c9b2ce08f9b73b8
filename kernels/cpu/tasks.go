package cpu

// tasks holds one of each task, reused from call to call so that no call
// allocates.
type tasks struct {
	list      []product // of the products under way
	products  products
	small     smallProduct
	vector    vectorTask
	norm      normTask
	rotary    rotaryTask
	embed     embedTask
	glu       gluTask
	rows      rowNormTask
	adam      adamTask
	adamRows  adamRowsTask
	adam8     adam8Task
	lion      lionTask
	factor    factorTask
	squares   squaresTask
	attention attentionTask
	loss      lossTask
}

// rowSplit cuts n rows of the given width into units of at least minRowWork
// elements.
type rowSplit struct{ rows, per int }

const minRowWork = 1 << 13

func splitRows(rows, width, threads int) rowSplit {
	per := max(1, minRowWork/max(1, width), ceilDiv(rows, 8*threads))
	return rowSplit{rows: rows, per: per}
}

func (s rowSplit) units() int { return ceilDiv(s.rows, s.per) }

func (s rowSplit) bounds(u int) (from, to int) {
	return u * s.per, min(s.rows, (u+1)*s.per)
}

// splitColumns cuts columns into units of gainCols or more of the given number of
// rows: into two for each worker, but of some hundred columns where there are as
// many, since short pieces of rows are slow to read.
func splitColumns(cols, rows, threads int) rowSplit {
	blocks := ceilDiv(cols, gainCols)
	per := max(1, minRowWork/max(1, rows*gainCols), min(4, blocks/threads), blocks/(2*threads))
	return rowSplit{rows: blocks, per: per}
}
