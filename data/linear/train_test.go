package linear

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// texts are of two kinds, one about rivers and one about machines, in English
// and Chinese.
func texts(n int) (out []Example) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := [][]string{
		strings.Fields("river Sea rain 山水 河流入海 water flows the of and, mountain(s)"),
		strings.Fields("engine Wheel oil 机器 齿轮转动 steel turns the of and, gear[s]"),
	}
	for i := range n {
		words := kinds[i%2]
		var b strings.Builder
		for range 3 + r.IntN(20) {
			if r.IntN(5) == 0 {
				fmt.Fprintf(&b, "w%d ", r.IntN(200))
			}
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		out = append(out, Example{Text: b.String(), Labels: []string{[]string{"nature", "machine"}[i%2]}})
	}
	return out
}

func trained(t testing.TB, cfg Config, examples []Example) (*Model, Report) {
	t.Helper()
	tr, err := NewTrainer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		if err := tr.Add(e.Text, e.Labels...); err != nil {
			t.Fatal(err)
		}
	}
	m, r, err := tr.Train(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

func small() Config {
	c := Default()
	c.Dim, c.Bucket, c.LR = 8, 500, 0.5
	return c
}

func fileOf(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTrainingLearns(t *testing.T) {
	for _, loss := range []string{Softmax, OneVsAll} {
		c := small()
		c.Loss = loss
		m, r := trained(t, c, texts(300))
		eval := NewEvaluation(m.Labels())
		s := m.NewScorer()
		for _, e := range texts(400)[300:] {
			eval.Add(s, e.Text, e.Labels)
		}
		q := eval.Quality()
		if q.Accuracy < 0.97 || q.Labels["nature"].AUC < 0.99 || !(r.Loss[4] < r.Loss[0]/2) {
			t.Errorf("%s: accuracy %g, %+v, loss %v", loss, q.Accuracy, q.Labels, r.Loss)
		}
		if r.Documents != 300 || r.Labels["nature"] != 150 || r.Words != m.Info().Words {
			t.Errorf("report %+v", r)
		}
	}
}

// A step moves every value against the slope of the document's loss, which is
// computed here anew in float64 and measured by finite differences.
func TestStepFollowsTheSlope(t *testing.T) {
	for _, loss := range []string{Softmax, OneVsAll} {
		c := small()
		c.Dim, c.Bucket, c.MaxN, c.Loss = 3, 7, 3, loss
		tr, err := NewTrainer(c)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range []string{"the sea the sea", "rain 山水", "oil and steel"} {
			if err := tr.Add(text, fmt.Sprint(i), fmt.Sprint(i*2%5)); err != nil {
				t.Fatal(err)
			}
		}
		m, wordIDs, labelIDs := tr.model()
		random := func(rows int) *dense {
			d := &dense{c.Dim, make([]float32, rows*c.Dim)}
			fillUniform(d.data, uint64(rows), 1)
			return d
		}
		s := &descent{trainer: tr, wordIDs: wordIDs, labelIDs: labelIDs, input: random(m.dict.words + c.Bucket), output: random(m.dict.labels), feat: m.features(),
			hidden: make([]float32, 3), grad: make([]float32, 3), probs: make([]float32, m.dict.labels), aims: make([]float32, m.dict.labels)}
		doc := tr.docs[1]
		tokens, ids := tr.tokens[doc.start:tr.docs[2].start], []int32{}
		ids = append(ids, s.rows(tokens)...)
		aims := make([]float64, m.dict.labels)
		for _, l := range doc.labels {
			aims[int(labelIDs[l])-m.dict.words] = 1
		}
		var all [2][]float64 // input, output
		for i, d := range []*dense{s.input, s.output} {
			for _, v := range d.data {
				all[i] = append(all[i], float64(v))
			}
		}
		const lr, h = 0.25, 1e-5
		got := s.step(tokens, doc.labels, lr)
		if want := plainLoss(all, ids, aims, loss); math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("%s: loss %g, want %g", loss, got, want)
		}
		for i, d := range []*dense{s.input, s.output} {
			for k, was := range all[i] {
				all[i][k] = was + h
				up := plainLoss(all, ids, aims, loss)
				all[i][k] = was - h
				slope := (up - plainLoss(all, ids, aims, loss)) / (2 * h)
				all[i][k] = was
				if moved := float64(d.data[k]) - was; math.Abs(moved+lr*slope) > 1e-6 {
					t.Errorf("%s: value %d of matrix %d moves by %g, want %g", loss, k, i, moved, -lr*slope)
				}
			}
		}
	}
}

// plainLoss is the cross-entropy of a document with rows ids, dim 3.
func plainLoss(all [2][]float64, ids []int32, aims []float64, kind string) (loss float64) {
	var hidden [3]float64
	for _, id := range ids {
		for k := range hidden {
			hidden[k] += all[0][int(id)*3+k] / float64(len(ids))
		}
	}
	var z, count float64
	logits := make([]float64, len(aims))
	for i := range aims {
		for k, x := range hidden {
			logits[i] += all[1][i*3+k] * x
		}
		z += math.Exp(logits[i])
		count += aims[i]
	}
	for i, aim := range aims {
		if kind == Softmax {
			loss -= aim / count * (logits[i] - math.Log(z))
		} else {
			p := 1 / (1 + math.Exp(-logits[i]))
			loss -= aim*math.Log(p) + (1-aim)*math.Log(1-p)
		}
	}
	return loss
}

// The same documents give the same file; another seed or order another one.
func TestTrainingIsReproducible(t *testing.T) {
	c, ex := small(), texts(60)
	c.MaxN, c.MinN = 4, 2
	first, _ := trained(t, c, ex)
	again, _ := trained(t, c, ex)
	if !bytes.Equal(fileOf(t, first), fileOf(t, again)) {
		t.Error("two trainings differ")
	}
	c.Seed++
	other, _ := trained(t, c, ex)
	if bytes.Equal(fileOf(t, first), fileOf(t, other)) {
		t.Error("the seed changes nothing")
	}
}

// A saved model gives the same bits when it is read.
func TestSaveAndOpen(t *testing.T) {
	for _, tokens := range []Tokens{Units, Spaces} {
		c := small()
		c.Tokens, c.MinN, c.MaxN, c.MinCount = tokens, 1, 3, 2
		m, _ := trained(t, c, texts(80))
		path := filepath.Join(t.TempDir(), "m.bin")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		read, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := read.Info(); got.Tokens != tokens || got.Words != m.Info().Words || got.Loss != Softmax || got.Quantised {
			t.Errorf("info %+v", got)
		}
		a, b := m.NewScorer(), read.NewScorer()
		for _, e := range texts(20) {
			if x, y := a.Predict(e.Text, 0, 0, nil), b.Predict(e.Text, 0, 0, nil); !slices.Equal(x, y) {
				t.Errorf("%v is read as %v", x, y)
			}
		}
	}
	for name, m := range goldenModels(t) {
		path := "testdata/" + name
		if m.quantised {
			if err := m.Save(filepath.Join(t.TempDir(), name)); err == nil || !strings.Contains(err.Error(), "copy that file") {
				t.Errorf("%s: saved a quantised model: %v", name, err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fileOf(t, m), want) {
			t.Errorf("%s: what is written is not what fastText wrote", name)
		}
	}
}

// Training and scoring must see the same features in a text.
func TestTrainingSeesWhatScoringSees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := small()
		c.Tokens = rapid.SampledFrom([]Tokens{Units, Spaces}).Draw(rt, "tokens")
		c.WordNgrams, c.MinN, c.MaxN = rapid.IntRange(1, 4).Draw(rt, "ngrams"), rapid.IntRange(0, 2).Draw(rt, "minn"), rapid.IntRange(2, 4).Draw(rt, "maxn")
		c.MinCount, c.Epoch = rapid.IntRange(1, 3).Draw(rt, "min"), 1
		word := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "__label__x", "</s>", "山", "É", "'"}), rapid.String())
		tr, err := NewTrainer(c)
		if err != nil {
			rt.Fatal(err)
		}
		var docs []string
		for i := range rapid.IntRange(2, 6).Draw(rt, "docs") {
			text := strings.Join(rapid.SliceOfN(word, 0, 8).Draw(rt, "words"), " ")
			before := len(tr.docs)
			if err := tr.Add("q"+text, []string{"one", "two"}[i%2]); err != nil {
				rt.Fatal(err)
			}
			if len(tr.docs) > before {
				docs = append(docs, "q"+text)
			}
		}
		m, wordIDs, _ := tr.model()
		m.finish()
		d := &descent{trainer: tr, wordIDs: wordIDs, feat: m.features()}
		m.input, m.output = &recorder{}, &recorder{}
		s := m.NewScorer()
		for i, text := range docs {
			end := len(tr.tokens)
			if i+1 < len(docs) {
				end = tr.docs[i+1].start
			}
			want := d.rows(tr.tokens[tr.docs[i].start:end])
			rec := &recorder{}
			m.input = rec
			s.embed(text)
			if !slices.Equal(rec.ids, want) {
				rt.Fatalf("%q: scoring adds rows %v, training %v", text, rec.ids, want)
			}
		}
	})
}

// recorder is a matrix that takes note of the rows asked for.
type recorder struct{ ids []int32 }

func (r *recorder) rows() int                        { return 0 }
func (r *recorder) addRows(x []float32, ids []int32) { r.ids = append(r.ids, ids...) }
func (r *recorder) dot([]float32, int) float32       { return 0 }

// fastText's own program must give our numbers for our files. It is asked only
// where it is installed.
func TestFastTextReadsOurModels(t *testing.T) {
	program, err := exec.LookPath("fasttext")
	if err != nil {
		t.Skip("needs fastText's command line program (Debian: apt-get install fasttext)")
	}
	for _, tc := range []struct {
		name   string
		change func(*Config)
	}{
		{"units", func(*Config) {}},
		{"spaces", func(c *Config) { c.Tokens = Spaces }},
		{"ova, characters", func(c *Config) { c.Loss, c.MinN, c.MaxN, c.MinCount = OneVsAll, 2, 5, 3 }},
		{"trigrams", func(c *Config) { c.WordNgrams, c.Dim = 3, 17 }},
		{"words only", func(c *Config) { c.WordNgrams, c.Bucket = 1, 0 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := small()
			tc.change(&c)
			m, _ := trained(t, c, texts(200))
			path := filepath.Join(t.TempDir(), "m.bin")
			if err := m.Save(path); err != nil {
				t.Fatal(err)
			}
			var lines strings.Builder
			examples := texts(240)[200:]
			for _, e := range examples {
				lines.WriteString(strings.Join(tokensOf(c.Tokens, e.Text), " ") + "\n")
			}
			cmd := exec.Command(program, "predict-prob", path, "-", "-1")
			cmd.Stdin = strings.NewReader(lines.String())
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			answers, s := strings.Split(strings.TrimSpace(string(out)), "\n"), m.NewScorer()
			if len(answers) != len(examples) {
				t.Fatalf("%d answers to %d texts", len(answers), len(examples))
			}
			for i, e := range examples {
				f := strings.Fields(answers[i])
				for j, p := range s.Predict(e.Text, 0, 0, nil) {
					var want float32
					fmt.Sscan(f[2*j+1], &want)
					if f[2*j] != labelPrefix+p.Label || !near(p.Probability, want) {
						t.Errorf("%q: %+v, fastText says %v", e.Text, p, f)
					}
				}
			}
		})
	}
}

func tokensOf(mode Tokens, text string) (out []string) {
	var s splitter
	for s.start(mode, text); s.next(); {
		out = append(out, string(s.token))
	}
	return out
}

func TestTrainingMistakes(t *testing.T) {
	c := small()
	c.Dim, c.Epoch, c.Loss, c.Bucket, c.Tokens = 0, 0, "hinge", 0, "words"
	_, err := NewTrainer(c)
	for _, key := range []string{"dim", "epoch", "loss", "bucket", "tokens"} {
		if err == nil || !strings.Contains(err.Error(), key+" is") {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	tr, err := NewTrainer(small())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Add("text"); err == nil {
		t.Error("a document without label was taken")
	}
	if err := tr.Add("text", "a b"); err == nil || !strings.Contains(err.Error(), "white space") {
		t.Errorf("label with a space: %v", err)
	}
	if err := tr.Add(" \n", "a"); err != nil || tr.report.NoTokens != 1 {
		t.Errorf("empty text: %v, %+v", err, tr.report)
	}
	if err := tr.Add("text", "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.Train(context.Background()); err == nil || !strings.Contains(err.Error(), "(a)") {
		t.Errorf("one label: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = tr.Add("more", "b")
	if _, _, err := tr.Train(ctx); err == nil {
		t.Error("a cancelled training ended well")
	}
}
