package fluency

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/internal/golden"
)

func TestModels(t *testing.T) {
	for _, name := range []string{"zh", "en", "page"} {
		if _, err := load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if For("fr") != nil || For("code") != nil || Page("zh") != nil {
		t.Error("a model for a language that has none")
	}
	if first, second := For("zh"), For("zh"); first != second || Page("en") == nil {
		t.Error("models are not shared")
	}
}

// What is in order is above the same words in disorder, a page of an encyclopaedia
// above a shop's.
func TestOrder(t *testing.T) {
	for _, c := range []struct{ lang, good, bad string }{
		{"en", "The river rises in the mountains and flows to the sea, and many people live on its banks.", "Rises mountains river the in the and sea flows the to, banks and many its people on live."},
		{"zh", "政府决定在城市里建设新的学校和医院，帮助更多的人。", "府和里医决院城新政市的设定在建学校人多助，的帮更。"},
		{"zh", "法院认为，双方签订的合同合法有效，被告应当承担责任。", "新会员注册送彩金，百家乐真人荷官，提款秒到账，信誉第一。"},
	} {
		s := For(c.lang).NewScorer()
		if g, b := s.Score(s.Evidence(c.good)), s.Score(s.Evidence(c.bad)); g < 0.6 || b > g-0.2 {
			t.Errorf("%.3f for %q, %.3f for %q", g, c.good, b, c.bad)
		}
	}
	s := Page("en").NewScorer()
	good := s.Score(s.Evidence("The treaty was signed in 1648 and ended a war that had lasted for thirty years. It changed the map of Europe."))
	bad := s.Score(s.Evidence("Click here to buy now! Free shipping on all orders. Contact us today for a quote, our team is ready to help you."))
	if good <= bad {
		t.Errorf("%.3f and %.3f", good, bad)
	}
}

// Scores lie between 0 and 1, one half says nothing, and evidence adds up exactly.
func TestEvidence(t *testing.T) {
	s := For("zh").NewScorer()
	if got := s.Score(Evidence{}); got != 0.5 {
		t.Errorf("nothing has %g", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("的一是在水山abc ，。\n\xff買"))), 1, 8).Draw(t, "parts")
		var forward, backward Evidence
		for i := range parts {
			forward.Add(s.Evidence(parts[i]))
			backward.Add(s.Evidence(parts[len(parts)-1-i]))
		}
		if forward != backward {
			t.Fatalf("%v and %v", forward, backward)
		}
		if v := s.Score(forward); !(v >= 0 && v <= 1) || math.IsNaN(v) {
			t.Fatalf("score %g", v)
		}
	})
}

// The models in the repository are what the program makes of the texts.
func TestModelsAreMadeOfTheTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for half a minute")
	}
	data, dir := golden.Shared(t, "data"), t.TempDir()
	cmd := exec.Command(filepath.Join(golden.GoRoot(t), "bin", "go"), "run", "./gen", "--data", data, "--output", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"zh.ftz.gz", "zh.json", "en.ftz.gz", "en.json", "page.ftz.gz", "page.json"} {
		want, err := os.ReadFile(filepath.Join("model", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs: run go generate ./data/fluency", name)
		}
	}
}

func BenchmarkEvidence(b *testing.B) {
	for lang, text := range map[string]string{
		"en": strings.Repeat("The brown fox that lives behind the mill jumped over a lazy dog, and the dog, which was not asleep, saw it. ", 200),
		"zh": strings.Repeat("这条河发源于山区，最后流入大海，很多人住在它的两岸。", 400),
	} {
		b.Run(lang, func(b *testing.B) {
			s := For(lang).NewScorer()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Evidence(text)
			}
		})
	}
}
