package configs

import (
	"huihai/model"
	"huihai/optim"
	"huihai/trainer"
)

// Config is the whole configuration of a run. Each field is a section: its tag
// is the section's name and its type belongs to the package that uses it. To
// add a section, add the field here and its defaults in [Default]; keys,
// environment names, suggestions and rendering follow from the tags.
type Config struct {
	Model model.Config   `yaml:"model" mapstructure:"model"`
	Optim optim.Config   `yaml:"optim" mapstructure:"optim"`
	Train trainer.Config `yaml:"train" mapstructure:"train"`
}

// Default returns every section's own defaults. It is not valid as it stands:
// the model has no sizes until a preset or the file gives them.
func Default() Config {
	return Config{
		Model: model.Default(),
		Optim: optim.Default(),
		Train: trainer.Default(),
	}
}

// validator is what a section's Config implements.
type validator interface{ Validate() error }
