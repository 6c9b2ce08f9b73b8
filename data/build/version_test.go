package build

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
)

var update = flag.Bool("update", false, "note the fingerprint of a new version")

// fingerprints are those of the data set that a version makes of the corpus below with
// everything on.
const fingerprints = "testdata/fingerprints.json"

// Whoever changes a byte of what a build makes adds a version: the fingerprint of a
// corpus built with everything on is noted for each. A version that is noted stays as
// it is; -update only adds.
func TestVersionIsRaised(t *testing.T) {
	cfg := small(t, "a="+datatest.SmallCorpus(t, 8), "b="+datatest.Corpus(t, 9))
	everything(t, &cfg)
	cfg.ValidationFraction = 0.2
	build(t, cfg)
	m, err := data.ReadManifest(cfg.Output)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(fingerprints)
	if err != nil && !*update {
		t.Fatal(err)
	}
	noted := map[string]string{}
	if len(content) > 0 {
		if err := json.Unmarshal(content, &noted); err != nil {
			t.Fatal(err)
		}
	}
	version := fmt.Sprint(int(Latest))
	switch was, ok := noted[version]; {
	case ok && was != m.Fingerprint:
		t.Errorf("version %s makes another data set than is noted (%.12s, noted is %.12s): add a version to the list in version.go that says what changed, and run: go test ./data/build -run TestVersionIsRaised -update", version, m.Fingerprint, was)
	case !ok && !*update:
		t.Errorf("version %s has no fingerprint: run go test ./data/build -run TestVersionIsRaised -update", version)
	case !ok:
		noted[version] = m.Fingerprint
		content, err := json.MarshalIndent(noted, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		datatest.Write(t, filepath.FromSlash(fingerprints), append(content, '\n'))
	}
}
