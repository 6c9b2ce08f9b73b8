package dense

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Model is what training found.
type Model struct {
	Dim       int
	Mean      []float32 // of the vectors, which is taken off each
	Centroids []float32 // Dim components each, of length one
}

// Clusters returns how many there are.
func (m *Model) Clusters() int { return len(m.Centroids) / m.Dim }

// maxHomes bounds how many clusters a text is compared in.
const maxHomes = 4

// Assign writes the vector less the mean, of length one again, to dst, which has
// Dim components, and appends the clusters to compare it in to clusters: the
// nearest, then up to three whose cosine is at most margin lower, from the
// nearest on. A vector that is the mean has no direction: dst is zero and there
// are no clusters.
func (m *Model) Assign(dst, vector []float32, margin float64, clusters []int32) []int32 {
	for i := range dst {
		dst[i] = vector[i] - m.Mean[i]
	}
	if !unitLength(dst) {
		clear(dst)
		return clusters
	}
	var best [maxHomes]home
	n := 0
	for c := range int32(m.Clusters()) {
		h := home{c, dot(m.Centroids[int(c)*m.Dim:][:m.Dim], dst)}
		at := n
		for at > 0 && best[at-1].cosine < h.cosine {
			at--
		}
		if at < maxHomes {
			n = min(n+1, maxHomes)
			copy(best[at+1:n], best[at:])
			best[at] = h
		}
	}
	for _, h := range best[:n] {
		if float64(h.cosine) >= float64(best[0].cosine)-margin {
			clusters = append(clusters, h.cluster)
		}
	}
	return clusters
}

// home is a cluster near a vector.
type home struct {
	cluster int32
	cosine  float32
}

const magic = "huihai/dense/1\n"

// Append appends the model as bytes: a line with name and version, Dim and the
// number of clusters as 32 bits, then mean and centroids, all little-endian.
func (m *Model) Append(b []byte) []byte {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Dim))
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Clusters()))
	return AppendVector(AppendVector(b, m.Mean), m.Centroids)
}

// ParseModel reads what Append wrote.
func ParseModel(b []byte) (*Model, error) {
	if len(b) < len(magic)+8 || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("dense: %d bytes are no model of clusters, which begins with %q; train again", len(b), magic)
	}
	b = b[len(magic):]
	dim, k := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	b = b[8:]
	if dim == 0 || dim%16 != 0 || dim > 256 || k == 0 || k > maxClusters || uint64(len(b)) != 4*uint64(dim)*(uint64(k)+1) {
		return nil, fmt.Errorf("dense: a model of %d clusters and %d components does not have %d bytes of numbers; train again", k, dim, len(b))
	}
	m := &Model{Dim: int(dim), Mean: make([]float32, dim), Centroids: make([]float32, k*dim)}
	if err := ParseVector(m.Mean, b[:4*dim]); err != nil {
		return nil, err
	}
	return m, ParseVector(m.Centroids, b[4*dim:])
}

// AppendVector appends the components as little-endian float32.
func AppendVector(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// ParseVector reads as many components as v has; they must be all there is, and
// finite.
func ParseVector(v []float32, b []byte) error {
	if len(b) != 4*len(v) {
		return fmt.Errorf("dense: %d bytes for a vector of %d components", len(b), len(v))
	}
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if v[i]-v[i] != 0 {
			return fmt.Errorf("dense: component %d of a vector is %g", i, v[i])
		}
	}
	return nil
}
