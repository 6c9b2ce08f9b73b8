package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// k8sJob is what a launcher's Job must say.
type k8sJob struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		CompletionMode string `yaml:"completionMode"`
		Completions    int    `yaml:"completions"`
		Template       struct {
			Spec struct {
				Containers []struct {
					Image string   `yaml:"image"`
					Args  []string `yaml:"args"`
				} `yaml:"containers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

// The Jobs that the Kubernetes launcher prints, run here one share after the other,
// make the data set that one build makes.
func TestKubernetesJobsBuildTheSame(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the launchers are scripts for bash, which is not here")
	}
	dir := t.TempDir()
	texts := filepath.Join(dir, "it's texts.txt")
	if err := os.WriteFile(texts, []byte(strings.Repeat("The river runs past the mill, and the miller sleeps.\n\n", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--input", texts, "--profile", "none", "--vocab-size", "300", "--sequence-length", "16", "--workers", "1"}
	shared := filepath.Join(dir, "shared")
	c := exec.Command(bash, append([]string{"../../scripts/cluster/kubernetes.sh", "3", "registry/train:1", "claim", "--output", shared}, flags...)...)
	c.Env = append(os.Environ(), "TRAIN="+binary)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	jobs := 0
	for d := yaml.NewDecoder(bytes.NewReader(out)); ; jobs++ {
		var j k8sJob
		if err := d.Decode(&j); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in:\n%s", err, out)
		}
		if j.Kind != "Job" || j.Spec.CompletionMode != "Indexed" || len(j.Spec.Template.Spec.Containers) != 1 || j.Spec.Template.Spec.Containers[0].Image != "registry/train:1" {
			t.Fatalf("job %+v", j)
		}
		for share := range j.Spec.Completions {
			args := append([]string(nil), j.Spec.Template.Spec.Containers[0].Args...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "$(SHARE)", strconv.Itoa(share))
			}
			if r := train(t, args...); r.code != 0 {
				t.Fatalf("%s, share %d: exit %d: %s", j.Metadata.Name, share, r.code, r.stderr)
			}
		}
	}
	if jobs < 10 {
		t.Fatalf("only %d jobs", jobs)
	}
	whole := filepath.Join(dir, "whole")
	if r := train(t, append([]string{"data", "build", "--output", whole}, flags...)...); r.code != 0 {
		t.Fatalf("exit %d: %s", r.code, r.stderr)
	}
	for _, name := range []string{"tokenizer.model", "documents/documents-00000.parquet", "tokens/tokens-00000.parquet", "_manifest.json"} {
		a, errA := os.ReadFile(filepath.Join(whole, name))
		b, errB := os.ReadFile(filepath.Join(shared, name))
		if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}
