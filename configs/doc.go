// Package configs composes the Config structs of the other packages into one
// document, reads it and names every mistake in it.
//
// It owns the public names of the settings (a golden test freezes them), the
// presets and recipes shipped with the program, and viper, which no other
// package imports. It must not know what a setting does: each package owns its
// Config with defaults and Validate.
//
// # Where a value comes from
//
// Later layers win:
//
//	the package's Default()
//	a preset            --preset NAME, HUIHAI_PRESET, or "preset: NAME" in the file
//	the file            --config run.yaml
//	the environment     HUIHAI_SECTION_KEY, as in HUIHAI_OPTIM_LEARNING_RATE
//	the command line    --set optim.learning_rate=3e-4
//
// [Load] merges them and returns a [Provenance] that tells for every key which
// layer its value is from, with the line of the file.
//
// # What is refused
//
// A key that does not exist (with the nearest that does), a key given twice, a
// value of the wrong type, an empty value, an environment variable with the
// HUIHAI_ prefix that names no key, and every combination that a section's
// Validate refuses. All problems are reported at once, as an [Error]. What is no
// file of ordinary size is not read at all.
//
// # What a run is known by
//
// [Identity] holds the settings that the numbers of a run depend on. A setting on
// which they do not depend has the tag run:"free" on its field; a new one counts
// until its package decides otherwise, and a golden test asks for that decision.
package configs
