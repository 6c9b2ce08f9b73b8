package linear

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"huihai/internal/rng"
)

// AUC returns the area under the ROC curve: the share of pairs of a positive and
// a negative text in which the positive one has the higher score, equal scores
// counting half (Hanley and McNeil, 1982). It is 0.5 when either kind is absent.
func AUC(scores []float32, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var below, pairs, neg, pos float64
	for i := 0; i < len(order); {
		j, p, n := i, 0.0, 0.0
		for ; j < len(order) && scores[order[j]] == scores[order[i]]; j++ {
			if positive[order[j]] {
				p++
			} else {
				n++
			}
		}
		if j == i { // a NaN equals nothing, not even itself
			i++
			continue
		}
		pairs += p * (below + n/2)
		below, neg, pos = below+n, neg+n, pos+p
		i = j
	}
	if neg == 0 || pos == 0 {
		return 0.5
	}
	return pairs / (neg * pos)
}

// Counts are the decisions about one label.
type Counts struct {
	TruePositive  int64 `json:"true_positive"`
	FalsePositive int64 `json:"false_positive"`
	FalseNegative int64 `json:"false_negative"`
	TrueNegative  int64 `json:"true_negative"`
}

// Add counts a decision.
func (c *Counts) Add(predicted, actual bool) {
	switch {
	case predicted && actual:
		c.TruePositive++
	case predicted:
		c.FalsePositive++
	case actual:
		c.FalseNegative++
	default:
		c.TrueNegative++
	}
}

// Precision is the share of right decisions for the label, 0 when there were none.
func (c Counts) Precision() float64 { return ratio(c.TruePositive, c.TruePositive+c.FalsePositive) }

// Recall is the share of the label's texts that were found, 0 when there are none.
func (c Counts) Recall() float64 { return ratio(c.TruePositive, c.TruePositive+c.FalseNegative) }

// F1 is the harmonic mean of precision and recall, 0 when both are.
func (c Counts) F1() float64 {
	return ratio(2*c.TruePositive, 2*c.TruePositive+c.FalsePositive+c.FalseNegative)
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Quality says how well a classifier does on labelled texts.
type Quality struct {
	Documents int64 `json:"documents"`
	// Accuracy is the share of texts whose most probable label is one of theirs.
	Accuracy float64                 `json:"accuracy"`
	Labels   map[string]LabelQuality `json:"labels"`
}

// LabelQuality is how well one label is told from the others. A text counts as
// predicted when the label is its most probable one.
type LabelQuality struct {
	Documents int64   `json:"documents"` // that have the label
	AUC       float64 `json:"auc"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Counts
}

// Evaluation gathers predictions for texts whose labels are known.
type Evaluation struct {
	labels []string
	scores [][]float32 // by label
	actual [][]bool
	top    []int
}

// NewEvaluation returns an empty evaluation of a model's labels.
func NewEvaluation(labels []string) *Evaluation {
	return &Evaluation{labels: labels, scores: make([][]float32, len(labels)), actual: make([][]bool, len(labels))}
}

// Add predicts a text and takes note. Labels the model does not know count as
// none of its labels.
func (e *Evaluation) Add(s *Scorer, text string, labels []string) {
	best := -1
	probability := map[string]float32{}
	for i, p := range s.Predict(text, 0, 0, nil) {
		if i == 0 {
			best = slices.Index(e.labels, p.Label)
		}
		probability[p.Label] = p.Probability
	}
	for i, l := range e.labels {
		e.scores[i] = append(e.scores[i], probability[l])
		e.actual[i] = append(e.actual[i], slices.Contains(labels, l))
	}
	e.top = append(e.top, best)
}

// Quality returns the measures over all texts so far.
func (e *Evaluation) Quality() Quality {
	q := Quality{Documents: int64(len(e.top)), Labels: map[string]LabelQuality{}}
	right := int64(0)
	for i, l := range e.labels {
		lq := LabelQuality{AUC: AUC(e.scores[i], e.actual[i])}
		for j, actual := range e.actual[i] {
			lq.Counts.Add(e.top[j] == i, actual)
		}
		right += lq.TruePositive
		lq.Documents = lq.TruePositive + lq.FalseNegative
		lq.Precision, lq.Recall, lq.F1 = lq.Counts.Precision(), lq.Counts.Recall(), lq.Counts.F1()
		q.Labels[l] = lq
	}
	q.Accuracy = ratio(right, q.Documents)
	return q
}

// Example is a labelled text. Examples of one group are held out together, so
// that texts which share sentences cannot help each other; an empty group is a
// group of its own.
type Example struct {
	Text   string
	Labels []string
	Group  string
}

// CrossValidate trains folds models, each without one part of the examples, and
// measures them on the part they did not see. Parts are drawn by the seed and
// as equal in number of examples as groups allow. The labels' scores of all
// parts make one ranking for the AUC.
func CrossValidate(ctx context.Context, cfg Config, examples []Example, folds int) (Quality, error) {
	part, groups := partition(examples, folds, cfg.Seed)
	if folds < 2 || groups < folds {
		return Quality{}, fmt.Errorf("linear: cross-validate: %d examples in %d groups cannot make %d folds; give at least two folds and more examples", len(examples), groups, folds)
	}
	names := map[string]bool{}
	for _, e := range examples {
		for _, l := range e.Labels {
			names[l] = true
		}
	}
	eval := NewEvaluation(slices.Sorted(maps.Keys(names)))
	for fold := range folds {
		t, err := NewTrainer(cfg)
		if err != nil {
			return Quality{}, err
		}
		for i, e := range examples {
			if part[i] != fold {
				if err := t.Add(e.Text, e.Labels...); err != nil {
					return Quality{}, err
				}
			}
		}
		m, _, err := t.Train(ctx)
		if err != nil {
			return Quality{}, fmt.Errorf("fold %d of %d: %w", fold+1, folds, err)
		}
		s := m.NewScorer()
		for i, e := range examples {
			if part[i] == fold {
				eval.Add(s, e.Text, e.Labels)
			}
		}
	}
	return eval.Quality(), nil
}

// partition gives each example its fold: groups in a seeded order go to the
// smallest fold.
func partition(examples []Example, folds int, seed uint64) (part []int, groups int) {
	number, members := map[string]int{}, [][]int{}
	for i, e := range examples {
		g, ok := number[e.Group]
		if !ok || e.Group == "" {
			g = len(members)
			members = append(members, nil)
			number[e.Group] = g
		}
		members[g] = append(members[g], i)
	}
	part, size := make([]int, len(examples)), make([]int, max(1, folds))
	for _, g := range rng.New(seed, "linear/folds").Perm(len(members)) {
		fold := 0
		for f, n := range size {
			if n < size[fold] {
				fold = f
			}
		}
		for _, i := range members[g] {
			part[i] = fold
		}
		size[fold] += len(members[g])
	}
	return part, len(members)
}
