package configs

import (
	"huihai/checkpoint"
	"huihai/data"
	"huihai/data/build"
	"huihai/model"
	"huihai/optim"
	"huihai/tokenizer"
	"huihai/trainer"
)

// Config is the whole configuration of a run. Each field is a section: its tag
// is the section's name and its type belongs to the package that uses it. To
// add a section, add the field here and its defaults in [Default]; keys,
// environment names, suggestions and rendering follow from the tags.
type Config struct {
	Model      model.Config      `yaml:"model" mapstructure:"model"`
	Optim      optim.Config      `yaml:"optim" mapstructure:"optim"`
	Train      trainer.Config    `yaml:"train" mapstructure:"train"`
	Checkpoint checkpoint.Config `yaml:"checkpoint" mapstructure:"checkpoint"`
	Loader     data.LoaderConfig `yaml:"loader" mapstructure:"loader"`

	// Data is for building a data set and Tokenizer for training a tokenizer; a
	// training run reads what they made.
	Data      build.Config          `yaml:"data" mapstructure:"data"`
	Tokenizer tokenizer.TrainConfig `yaml:"tokenizer" mapstructure:"tokenizer"`
}

// Default returns every section's own defaults. It is not valid as it stands:
// the model has no sizes until a preset or the file gives them.
func Default() Config {
	return Config{
		Model:      model.Default(),
		Optim:      optim.Default(),
		Train:      trainer.Default(),
		Checkpoint: checkpoint.Default(),
		Loader:     data.DefaultLoader(),
		Data:       build.Default(),
		Tokenizer:  tokenizer.DefaultTrainConfig(),
	}
}

// sideSections are not part of a training run, and commands give some of their
// keys by flags: when no sections are named, only values other than the
// defaults are validated.
var sideSections = []string{"data", "tokenizer"}

// validator is what a section's Config implements.
type validator interface{ Validate() error }
