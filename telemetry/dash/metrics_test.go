package dash

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"huihai/telemetry"
)

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// checkExposition reads the Prometheus text format by its definition
// (prometheus.io/docs/instrumenting/exposition_formats) and returns the samples by name
// and labels.
func checkExposition(t testing.TB, text string) map[string]float64 {
	t.Helper()
	samples := map[string]float64{}
	families := map[string]bool{}
	family, kind := "", ""
	if text != "" && !strings.HasSuffix(text, "\n") {
		t.Fatal("the last line has no end")
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if rest, ok := strings.CutPrefix(l, "# HELP "); ok {
			family, _, _ = strings.Cut(rest, " ")
			if families[family] || !metricName.MatchString(family) {
				t.Fatalf("family %q comes twice or has no good name", family)
			}
			families[family], kind = true, ""
			continue
		}
		if rest, ok := strings.CutPrefix(l, "# TYPE "); ok {
			name, k, _ := strings.Cut(rest, " ")
			if name != family || k != "gauge" && k != "counter" {
				t.Fatalf("%q after the help of %q", l, family)
			}
			kind = k
			continue
		}
		key, value := parseSample(t, l)
		name, _, _ := strings.Cut(key, "{")
		if name != family || kind == "" || (kind == "counter") != strings.HasSuffix(name, "_total") {
			t.Fatalf("sample %q stands in family %q of kind %q", l, family, kind)
		}
		if _, twice := samples[key]; twice {
			t.Fatalf("sample %q comes twice", key)
		}
		samples[key] = value
	}
	return samples
}

// parseSample reads name{label="value",...} number; the key is the text before the
// number.
func parseSample(t testing.TB, l string) (string, float64) {
	t.Helper()
	open := strings.IndexByte(l, '{')
	if open < 0 || !metricName.MatchString(l[:open]) {
		t.Fatalf("no sample: %q", l)
	}
	i := open + 1
	for {
		eq := strings.Index(l[i:], `="`)
		if eq < 0 || !labelName.MatchString(l[i:i+eq]) {
			t.Fatalf("no label at %d of %q", i, l)
		}
		i += eq + 2
		for i < len(l) && l[i] != '"' {
			if l[i] == '\\' {
				if i++; i >= len(l) || !strings.ContainsRune(`\n"`, rune(l[i])) {
					t.Fatalf("no escape at %d of %q", i, l)
				}
			}
			i++
		}
		if i++; i >= len(l) {
			t.Fatalf("a label value has no end: %q", l)
		}
		if l[i] == '}' {
			break
		}
		if l[i] != ',' {
			t.Fatalf("no comma at %d of %q", i, l)
		}
		i++
	}
	value, ok := strings.CutPrefix(l[i+1:], " ")
	v, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil {
		t.Fatalf("no value in %q", l)
	}
	return l[:i+1], v
}

func TestExposition(t *testing.T) {
	r := newRun("a \"b\"\\c\nd", "")
	r.file = runFile{RunID: "0123", Steps: 500, Panel: []telemetry.Row{{Key: "model", Value: "汇海 \xff"}}}
	r.status = Lost
	rec := record{step: 40}
	for tag, v := range map[string]float64{
		"time": 1767225600.25, "train/loss": 3.5, "train/grad_norm": math.Inf(1), "train/learning_rate": 3e-4, "train/tokens": 655360,
		"train/tokens_per_second": 8000, "train/peak_share": 0.4, "train/data_wait": 0.01, "train/loss/web": math.NaN(), "train/grad_share/head": 0.25,
		"eval/loss": 3.4, "eval/bits_per_byte": 1.2, "eval/loss/web": 3.6, "eval/bits_per_byte/web": 1.3, "hook/other": 7,
	} {
		rec.tags, rec.values = append(rec.tags, tag), append(rec.values, v)
	}
	r.take(news{records: []record{rec}})
	got := checkExposition(t, string(exposition([]*run{r, newRun("empty", "")})))
	run := `run="a \"b\"\\c\nd"`
	for key, want := range map[string]float64{
		"huihai_train_loss{" + run + "}": 3.5, "huihai_train_grad_norm{" + run + "}": math.Inf(1), "huihai_train_learning_rate{" + run + "}": 3e-4,
		"huihai_train_tokens_total{" + run + "}": 655360, "huihai_train_tokens_per_second{" + run + "}": 8000, "huihai_train_mfu{" + run + "}": 0.4,
		"huihai_train_data_wait_ratio{" + run + "}": 0.01, "huihai_train_source_loss{" + run + `,source="web"}`: math.NaN(),
		"huihai_train_grad_share{" + run + `,group="head"}`: 0.25, "huihai_eval_loss{" + run + "}": 3.4, "huihai_eval_bits_per_byte{" + run + "}": 1.2,
		"huihai_eval_source_loss{" + run + `,source="web"}`: 3.6, "huihai_eval_source_bits_per_byte{" + run + `,source="web"}`: 1.3,
		"huihai_train_step{" + run + "}": 40, "huihai_train_steps{" + run + "}": 500, "huihai_scalar{" + run + `,tag="hook/other"}`: 7,
		"huihai_run_status{" + run + `,status="lost"}`: 1, "huihai_run_status{" + run + `,status="running"}`: 0,
		"huihai_run_info{" + run + `,run_id="0123",model="汇海 ` + "\uFFFD" + `"}`: 1, `huihai_train_step{run="empty"}`: 0,
		"huihai_run_last_log_timestamp_seconds{" + run + "}": 1767225600.25,
	} {
		v, there := got[key]
		if !there || v != want && !(math.IsNaN(v) && math.IsNaN(want)) {
			t.Errorf("%s is %v (there: %v), want %v", key, v, there, want)
		}
	}
	if _, there := got[`huihai_train_loss{run="empty"}`]; there {
		t.Error("a run without a loss has one")
	}
}
