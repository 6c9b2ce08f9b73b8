package linear

import (
	"fmt"
	"strings"
)

// Model is a trained classifier. It is read-only and may be used by several
// goroutines, each with a [Scorer] of its own.
type Model struct {
	args      args
	tokens    int64 // seen in training
	dict      dictionary
	pruned    *pruned
	input     matrix // words, then hashes
	output    matrix // labels, or nodes of the tree
	quantised bool
	mode      Tokens
	names     []string
	tree      *tree // of hierarchical softmax
}

// Info describes a model.
type Info struct {
	Tokens     Tokens   `json:"tokens"`
	Loss       string   `json:"loss"`
	Dim        int      `json:"dim"`
	Words      int      `json:"words"`
	Labels     []string `json:"labels"`
	WordNgrams int      `json:"word_ngrams"`
	MinN       int      `json:"minn"`
	MaxN       int      `json:"maxn"`
	Bucket     int      `json:"bucket"`
	Quantised  bool     `json:"quantised"`
}

// Info returns what the model is.
func (m *Model) Info() Info {
	a := m.args
	return Info{
		Tokens: m.mode, Loss: map[lossKind]string{lossTree: "hs", lossNegative: "ns", lossSoftmax: Softmax, lossOneVsAll: OneVsAll}[a.Loss],
		Dim: int(a.Dim), Words: m.dict.words, Labels: m.Labels(), WordNgrams: int(a.WordNgrams), MinN: int(a.MinN), MaxN: int(a.MaxN),
		Bucket: int(a.Bucket), Quantised: m.quantised,
	}
}

// finish derives what the file does not hold.
func (m *Model) finish() {
	m.names = make([]string, m.dict.labels)
	for i := range m.names {
		m.names[i] = strings.TrimPrefix(string(m.dict.entry(m.dict.words+i)), labelPrefix)
	}
	if m.args.Loss == lossTree {
		m.tree = newTree(m.dict.counts[m.dict.words:])
	}
}

// Labels returns the names of the labels without the prefix __label__, in the
// model's order. The slice is the caller's.
func (m *Model) Labels() []string { return append([]string(nil), m.names...) }

// Label returns the number of a label for [Scorer.Score]; the name may have the
// prefix __label__.
func (m *Model) Label(name string) (int, error) {
	for i, n := range m.names {
		if n == name || labelPrefix+n == name {
			return i, nil
		}
	}
	const some = 20
	known := strings.Join(m.names[:min(some, len(m.names))], ", ")
	if len(m.names) > some {
		known += fmt.Sprintf(" and %d more", len(m.names)-some)
	}
	return 0, fmt.Errorf("the classifier has no label %q; its labels are %s", name, known)
}

// tree is the Huffman tree of hierarchical softmax. Nodes are the labels, then
// the inner nodes; the last is the root.
type tree struct {
	labels      int
	parent      []int32
	left, right []int32 // of inner nodes
}

// newTree builds the tree from the labels' counts, which come in falling order,
// by the two queues of fastText (ties go to the inner nodes).
func newTree(counts []int64) *tree {
	n := len(counts)
	t := &tree{n, make([]int32, 2*n-1), make([]int32, n-1), make([]int32, n-1)}
	count := append(append(make([]float64, 0, 2*n-1), make([]float64, n)...), make([]float64, n-1)...)
	for i, c := range counts {
		count[i] = float64(c)
	}
	t.parent[2*n-2] = -1
	leaf, node := n-1, n
	for i := n; i < 2*n-1; i++ {
		var pair [2]int
		for j := range pair {
			if leaf >= 0 && (node >= i || count[leaf] < count[node]) {
				pair[j] = leaf
				leaf--
			} else {
				pair[j] = node
				node++
			}
			t.parent[pair[j]] = int32(i)
		}
		count[i] = count[pair[0]] + count[pair[1]]
		t.left[i-n], t.right[i-n] = int32(pair[0]), int32(pair[1])
	}
	return t
}
