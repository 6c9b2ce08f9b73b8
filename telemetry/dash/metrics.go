package dash

import (
	"bytes"
	"strconv"
	"strings"
)

// metric is a family of samples of the Prometheus text format.
type metric struct {
	name, kind, help string
}

// sample is one value of a family. Labels come in pairs of name and value.
type sample struct {
	labels []string
	value  float64
}

// plain are the metrics that are the last value of one tag.
var plain = []struct {
	tag string
	metric
}{
	{"train/loss", metric{"huihai_train_loss", "gauge", "Mean loss of the last logged step, in nats per token."}},
	{"train/grad_norm", metric{"huihai_train_grad_norm", "gauge", "Norm of the gradient before clipping."}},
	{"train/learning_rate", metric{"huihai_train_learning_rate", "gauge", "Learning rate of the last logged step."}},
	{"train/tokens", metric{"huihai_train_tokens_total", "counter", "Tokens trained on so far."}},
	{"train/tokens_per_second", metric{"huihai_train_tokens_per_second", "gauge", "Tokens trained on per second."}},
	{"train/peak_share", metric{"huihai_train_mfu", "gauge", "Share of the machine's peak arithmetic that training uses, 0 to 1."}},
	{"train/data_wait", metric{"huihai_train_data_wait_ratio", "gauge", "Share of a step spent waiting for data, 0 to 1."}},
	{"train/loss_z", metric{"huihai_train_loss_zscore", "gauge", "Distance of the loss from its recent mean, in standard deviations."}},
	{"train/grad_norm_z", metric{"huihai_train_grad_norm_zscore", "gauge", "Distance of the gradient norm from its recent mean, in standard deviations."}},
	{"train/epoch", metric{"huihai_train_epoch", "gauge", "Passes over the data so far."}},
	{"train/eta_seconds", metric{"huihai_train_eta_seconds", "gauge", "Estimated seconds to the last step."}},
	{"eval/loss", metric{"huihai_eval_loss", "gauge", "Mean loss of the last evaluation, in nats per token."}},
	{"eval/bits_per_byte", metric{"huihai_eval_bits_per_byte", "gauge", "Bits per byte of text in the last evaluation."}},
	{tagTime, metric{"huihai_run_last_log_timestamp_seconds", "gauge", "When the run last wrote to its log, in seconds since 1970."}},
}

// families are the metrics whose tags end in a name.
var families = []struct {
	prefix, label string
	metric
}{
	{"train/loss/", "source", metric{"huihai_train_source_loss", "gauge", "Mean loss of a source in the last logged step, in nats per token."}},
	{prefixShare, "group", metric{"huihai_train_grad_share", "gauge", "Share of a group of layers in the square of the gradient norm, 0 to 1."}},
	{"eval/loss/", "source", metric{"huihai_eval_source_loss", "gauge", "Mean loss of a source in the last evaluation, in nats per token."}},
	{"eval/bits_per_byte/", "source", metric{"huihai_eval_source_bits_per_byte", "gauge", "Bits per byte of a source's text in the last evaluation."}},
}

// exposition writes the last values of all runs in the Prometheus text format 0.0.4.
// The hub's lock is held.
func exposition(runs []*run) []byte {
	var b bytes.Buffer
	write := func(m metric, of func(r *run) []sample) {
		var all []sample
		for _, r := range runs {
			all = append(all, of(r)...)
		}
		writeFamily(&b, m, all)
	}
	write(metric{"huihai_run_info", "gauge", "A run: its folder, id and model. Always 1."}, func(r *run) []sample {
		return []sample{{[]string{"run", r.name, "run_id", r.file.RunID, "model", r.panel("model")}, 1}}
	})
	write(metric{"huihai_run_status", "gauge", "1 for the state that a run is in, 0 for the others."}, statusSamples)
	write(metric{"huihai_train_step", "gauge", "The last logged step."}, func(r *run) []sample {
		return []sample{{[]string{"run", r.name}, float64(r.step)}}
	})
	write(metric{"huihai_train_steps", "gauge", "Steps of the whole run."}, func(r *run) []sample {
		if r.file.Steps <= 0 {
			return nil
		}
		return []sample{{[]string{"run", r.name}, float64(r.file.Steps)}}
	})
	for _, p := range plain {
		write(p.metric, func(r *run) []sample {
			if v, ok := r.last(p.tag); ok {
				return []sample{{[]string{"run", r.name}, v}}
			}
			return nil
		})
	}
	for _, f := range families {
		write(f.metric, func(r *run) []sample { return familySamples(r, f.prefix, f.label) })
	}
	write(metric{"huihai_scalar", "gauge", "The last value of any other tag of the log."}, otherSamples)
	return b.Bytes()
}

func statusSamples(r *run) []sample {
	var out []sample
	for _, s := range statuses {
		is := 0.0
		if s == r.status {
			is = 1
		}
		out = append(out, sample{[]string{"run", r.name, "status", string(s)}, is})
	}
	return out
}

func familySamples(r *run, prefix, label string) []sample {
	var out []sample
	for _, tag := range r.tags() {
		name, ok := strings.CutPrefix(tag, prefix)
		if !ok {
			continue
		}
		if v, ok := r.last(tag); ok {
			out = append(out, sample{[]string{"run", r.name, label, name}, v})
		}
	}
	return out
}

func otherSamples(r *run) []sample {
	var out []sample
	for _, tag := range r.tags() {
		if v, ok := r.last(tag); ok && !named(tag) {
			out = append(out, sample{[]string{"run", r.name, "tag", tag}, v})
		}
	}
	return out
}

// named reports whether a tag has a metric of its own.
func named(tag string) bool {
	for _, p := range plain {
		if p.tag == tag {
			return true
		}
	}
	for _, f := range families {
		if strings.HasPrefix(tag, f.prefix) {
			return true
		}
	}
	return false
}

// writeFamily writes a family, or nothing when it has no samples.
func writeFamily(b *bytes.Buffer, m metric, samples []sample) {
	if len(samples) == 0 {
		return
	}
	b.WriteString("# HELP " + m.name + " " + escapeHelp.Replace(m.help) + "\n")
	b.WriteString("# TYPE " + m.name + " " + m.kind + "\n")
	for _, s := range samples {
		b.WriteString(m.name)
		for i := 0; i < len(s.labels); i += 2 {
			b.WriteString([]string{"{", ","}[min(i, 1)])
			b.WriteString(s.labels[i] + `="` + escapeLabel.Replace(strings.ToValidUTF8(s.labels[i+1], "\uFFFD")) + `"`)
		}
		// NaN, +Inf and -Inf are Prometheus's own words too.
		b.WriteString("} " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
	}
}

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)
