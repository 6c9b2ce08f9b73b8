package configs

import "fmt"

// Kind is a layer of the configuration.
type Kind int

// The layers, from the weakest to the strongest.
const (
	FromDefault Kind = iota // the owning package's Default()
	FromPreset              // a preset or recipe shipped with the program
	FromFile                // the configuration file
	FromEnv                 // an environment variable
	FromSet                 // --set key=value
	FromFlag                // a flag of the command's own
)

// Origin says where a value was written.
type Origin struct {
	Kind Kind
	Name string // preset, file, variable or flag name
	Line int    // 1-based, for files and presets
}

// String returns "default", "preset tiny", "run.yaml:12", "env HUIHAI_X" or
// "--set".
func (o Origin) String() string {
	switch o.Kind {
	case FromPreset:
		return "preset " + o.Name
	case FromFile:
		if o.Line > 0 {
			return fmt.Sprintf("%s:%d", o.Name, o.Line)
		}
		return o.Name
	case FromEnv:
		return "env " + o.Name
	case FromSet:
		return "--set"
	case FromFlag:
		return o.Name
	}
	return "default"
}

// Provenance tells where each value of a loaded configuration is from.
type Provenance struct {
	// Preset is the selected preset, "" for none; File the configuration file.
	Preset, File string

	origins map[string]Origin
}

// Of returns the origin of the key at path.
func (p *Provenance) Of(path string) Origin {
	if p == nil {
		return Origin{}
	}
	return p.origins[path]
}

// Given returns the keys of a section ("" for all) that a person wrote: in the file,
// in the environment, with --set or with a flag, and not those of a preset. They come
// in the order in which [Render] writes them.
func (p *Provenance) Given(section string) []string {
	var keys []string
	for _, k := range theSchema().keys {
		if (section == "" || k.Section() == section) && p.Of(k.Path).Kind >= FromFile {
			keys = append(keys, k.Path)
		}
	}
	return keys
}

// strongest returns the origin of the key that was set last: a person looking
// for a contradiction looks there first.
func (p *Provenance) strongest(keys []string) Origin {
	var best Origin
	for _, k := range keys {
		if o := p.Of(k); o.Kind > best.Kind {
			best = o
		}
	}
	return best
}

// TakenFrom notes that the settings of a section are those of another file, such
// as a model folder's config.json, whatever was written elsewhere.
func (p *Provenance) TakenFrom(section, file string) {
	for _, k := range theSchema().keys {
		if k.Section() == section {
			p.origins[k.Path] = Origin{Kind: FromFile, Name: file}
		}
	}
}
