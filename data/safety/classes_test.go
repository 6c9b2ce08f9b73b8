package safety

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

type classText struct {
	class   string
	harmful bool
	text    string
}

func readClasses(t testing.TB, file string) (texts []classText) {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var class string
	harmful := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '=':
			w := strings.Fields(line)
			class, harmful = w[1], w[2] == "harmful"
		default:
			texts = append(texts, classText{class, harmful, line})
		}
	}
	return texts
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// TestClasses holds that in the median every class of harmful text is less safe than
// every class of harmless text about the same things: in the texts that the terms were
// chosen with in sight, and in those that were written afterwards.
func TestClasses(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"classes.txt", "heldout.txt"} {
		texts := readClasses(t, file)
		highest, lowest := 0.0, 1.0
		var bad, good []float64
		for len(texts) > 0 {
			class, harmful := texts[0].class, texts[0].harmful
			var v []float64
			for len(texts) > 0 && texts[0].class == class {
				v = append(v, s.Score(texts[0].text).Safety)
				texts = texts[1:]
			}
			m := median(v)
			t.Logf("%s  %-14s harmful %-5v median %.2f, from %.2f to %.2f", file, class, harmful, m, slices.Min(v), slices.Max(v))
			if harmful {
				highest, bad = max(highest, m), append(bad, v...)
			} else {
				lowest, good = min(lowest, m), append(good, v...)
			}
		}
		t.Logf("%s: area under the curve %.3f; harmful medians up to %.2f, harmless ones from %.2f", file, auc(bad, good), highest, lowest)
		if highest >= lowest {
			t.Errorf("%s: a harmful class has the median %.2f, a harmless one %.2f", file, highest, lowest)
		}
	}
}
