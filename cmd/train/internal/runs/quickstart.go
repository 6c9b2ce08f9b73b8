package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"huihai/data"
	"huihai/data/build"
	"huihai/infer"
	"huihai/infer/sample"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
	"huihai/kernels/cpu"
	"huihai/telemetry"
)

// Quickstart is the main job, small: text to a trained model and a continuation.
// Its configuration names the folders of [QuickstartPaths] and the inputs.
type Quickstart struct {
	Options
	Output       string
	Prompt       string
	MaxNewTokens int
}

// QuickstartPaths returns where the quickstart keeps its data set and its run.
func QuickstartPaths(output string) (dataset, run string) {
	return filepath.Join(output, "data"), filepath.Join(output, "run")
}

// QuickstartSummary is what the quickstart made.
type QuickstartSummary struct {
	*Summary
	Data         *build.Report      `json:"data"`
	Prompt       string             `json:"prompt"`
	Continuation string             `json:"continuation"`
	StageSeconds map[string]float64 `json:"stage_seconds"`
}

// Run does it. Everything lies below Output; run again, it goes on where it was.
func (q *Quickstart) Run(ctx context.Context) (*QuickstartSummary, error) {
	if err := q.claim(); err != nil {
		return nil, err
	}
	out := &QuickstartSummary{Prompt: q.Prompt, StageSeconds: map[string]float64{}}
	if err := q.buildData(ctx, out); err != nil {
		return nil, err
	}
	if err := q.pretrain(ctx, out); err != nil {
		return nil, err
	}
	if out.Interrupted {
		return out, nil
	}
	return out, q.generate(ctx, out)
}

// claim notes in Output what it is made from, and refuses a folder whose data set
// was made from something else, before anything there is touched.
func (q *Quickstart) claim() error {
	content, err := json.MarshalIndent(q.Config.Data, "", "  ")
	if err != nil {
		return fmt.Errorf("quickstart: %w", err)
	}
	path := filepath.Join(q.Output, "quickstart.json")
	before, err := os.ReadFile(path)
	_, noData := data.ReadManifest(q.Config.Data.Output)
	if err == nil && noData == nil && !bytes.Equal(before, content) {
		return fmt.Errorf("%s holds a quickstart of other text or other data settings (%s); name another --output, or remove that folder", q.Output, path)
	}
	if err := os.MkdirAll(q.Output, 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	_, err = atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	return err
}

// buildData makes the data set and shows its funnel.
func (q *Quickstart) buildData(ctx context.Context, out *QuickstartSummary) (err error) {
	progress := telemetry.NewProgress(q.Messages, q.Screen(), q.Now)
	out.Data, err = build.Run(ctx, q.Config.Data, StageLines(progress, time.Now))
	if err = errors.Join(err, progress.Close()); err != nil {
		return err
	}
	for stage, s := range out.Data.Seconds {
		out.StageSeconds[stage] = s
	}
	fmt.Fprint(q.Messages, DataPage(q.Config.Data.Output, out.Data, q.Screen()))
	return nil
}

// pretrain trains on the data set, continuing an interrupted run.
func (q *Quickstart) pretrain(ctx context.Context, out *QuickstartSummary) (err error) {
	q.Config.Train.ResumeFromCheckpoint = "auto"
	start := q.Now()
	out.Summary, err = Pretrain(ctx, q.Options)
	out.StageSeconds["train"] = q.Now().Sub(start).Seconds()
	return err
}

// generate loads the checkpoint as a user would and continues the prompt.
func (q *Quickstart) generate(ctx context.Context, out *QuickstartSummary) error {
	start := q.Now()
	dev, err := cpu.Open(cpu.Options{Threads: q.Config.Train.Threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	f, err := infer.OpenFolder(ctx, dev, out.Checkpoint, false)
	if err != nil {
		return err
	}
	defer f.Close()
	prompt, err := f.Encode(q.Prompt)
	if err != nil {
		return err
	}
	ids, err := infer.Generate(ctx, dev, f.Config, f.Weights, infer.Request{
		Prompt: prompt, MaxNewTokens: q.MaxNewTokens, EOS: f.EOS,
		Sampling: sample.Options{Temperature: 0.8, TopP: 0.95, RepetitionPenalty: 1.05, Seed: 1},
	})
	if err != nil {
		return err
	}
	out.Continuation = f.Tokenizer.DecodeAfter(prompt, ids)
	out.StageSeconds["generate"] = q.Now().Sub(start).Seconds()
	return nil
}

// goPackages are packages of the standard library that are mostly prose and
// hand-written code: no tables, no generated files.
var goPackages = []string{
	"bufio", "bytes", "container", "context", "database", "encoding", "errors", "flag", "fmt", "go", "io", "log",
	"mime", "net", "os", "path", "reflect", "regexp", "sort", "strconv", "strings", "sync", "testing", "text",
}

// GoTexts lists documents and packages of the Go installation: real text that
// everyone who can build this program has.
func GoTexts() ([]string, error) {
	root := os.Getenv("GOROOT")
	if root == "" {
		out, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return nil, fmt.Errorf("find the Go installation, whose texts the quickstart learns from: %w; give your own text with --input PATH", err)
		}
		root = strings.TrimSpace(string(out))
	}
	var inputs []string
	add := func(set string, elem ...string) {
		path := filepath.Join(append([]string{root}, elem...)...)
		if _, err := os.Stat(path); err == nil {
			inputs = append(inputs, set+"="+path)
		}
	}
	for _, doc := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "doc"} {
		add("go-doc", doc)
	}
	docs := len(inputs)
	for _, p := range goPackages {
		add("go-src", "src", p)
	}
	if len(inputs) == docs {
		return nil, fmt.Errorf("the Go installation at %s has no sources to learn from; give your own text with --input PATH", root)
	}
	return inputs, nil
}

// Page is the last page: what was made, what the model says and what to try
// next.
func (s *QuickstartSummary) Page(program string, screen telemetry.Screen) string {
	var b strings.Builder
	b.WriteString(s.Summary.Page(screen))
	if s.Interrupted {
		fmt.Fprintf(&b, "Interrupted after step %d. Repeat the same command to go on.\n", s.Steps)
		return b.String()
	}
	t := telemetry.Table{Title: "seconds", Header: []string{"stage", "seconds"}}
	for _, stage := range append(build.Stages(), "train", "generate") {
		if sec, ok := s.StageSeconds[stage]; ok {
			t.Add(stage, fmt.Sprintf("%.2f", sec))
		}
	}
	b.WriteString(t.Render(screen))
	fmt.Fprintf(&b, "\n%s%s\n\nTry next:\n", s.Prompt, s.Continuation)
	dataDir := filepath.Join(filepath.Dir(s.OutputDir), "data")
	fmt.Fprintf(&b, "  %s generate --model %s --prompt %q --max-new-tokens 100\n", program, s.Checkpoint, strings.TrimSpace(s.Prompt))
	fmt.Fprintf(&b, "  %s data inspect %s\n", program, dataDir)
	fmt.Fprintf(&b, "  %s pretrain --preset quickstart --set train.dataset_dir=%s --set train.output_dir=%s --set train.max_steps=1000\n",
		program, dataDir, filepath.Join(filepath.Dir(s.OutputDir), "longer"))
	return b.String()
}
