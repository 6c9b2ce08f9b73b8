package configs

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
)

// runSections are those that the numbers of a run can depend on: what is saved and
// how data was built is known by other means.
var runSections = []string{"model", "optim", "train", "loader"}

// Identity returns the settings that the numbers of a training run depend on, by
// their keys: those of the sections model, optim, train and loader whose fields do
// not have the tag run:"free". A new setting counts until its package says
// otherwise. Values are YAML on one line, the same however and wherever they were
// written.
//
// Free are also settings that matter in another form only, which the caller adds:
// the length of the run, the rows of a step, the weights and the data themselves.
func Identity(c *Config) map[string]string {
	id := map[string]string{}
	v := reflect.ValueOf(c).Elem()
	for _, k := range theSchema().keys {
		if !k.Free && slices.Contains(runSections, k.Section()) {
			text, err := flow(k.of(v).Interface())
			if err != nil {
				panic("configs: a setting cannot be written as YAML") // a test writes each
			}
			id[k.Path] = text
		}
	}
	return id
}

// Change is a setting that differs between two runs; "" stands for one that is not
// there.
type Change struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
}

// Diff lists what differs between two identities, by key.
func Diff(old, new map[string]string) []Change {
	var out []Change
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if now, ok := new[key]; !ok || now != old[key] {
			out = append(out, Change{Key: key, Old: old[key], New: now})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(new)) {
		if _, ok := old[key]; !ok {
			out = append(out, Change{Key: key, New: new[key]})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return out
}
