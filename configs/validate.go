package configs

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// validate asks every section for its problems and says of each where the
// values it names were written. Problems that only follow from one already
// found (a key that was misspelt is missing) are left out.
func (s *schema) validate(c *Config, prov *Provenance, sections []string, found []Problem) []Problem {
	tainted := map[string]bool{}
	for _, p := range found {
		tainted[p.Key] = true
		tainted[p.meant] = true
	}
	used := func(section string) bool { return sections == nil || slices.Contains(sections, section) }
	var out []Problem
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		section, _ := fieldName(v.Type().Field(i))
		if used(section) {
			out = append(out, s.validateTree(v.Field(i), section, prov, tainted)...)
		}
	}
	for _, x := range crossChecks(c) {
		skip := func(key string) bool { return tainted[key] || !used(s.byPath[key].Section()) }
		if slices.ContainsFunc(x.keys, skip) {
			continue
		}
		out = append(out, Problem{Msg: x.msg, Hint: x.hint, Origin: prov.strongest(x.keys)})
	}
	return out
}

// validateTree validates a group, or the groups below it when it has no
// Validate of its own.
func (s *schema) validateTree(v reflect.Value, path string, prov *Provenance, tainted map[string]bool) []Problem {
	val, ok := v.Interface().(validator)
	if !ok {
		var out []Problem
		for i := range v.NumField() {
			name, _ := fieldName(v.Type().Field(i))
			if name != "" && s.groups[join(path, name)] {
				out = append(out, s.validateTree(v.Field(i), join(path, name), prov, tainted)...)
			}
		}
		return out
	}
	var out []Problem
	hinted := false
	for _, msg := range leaves(val.Validate()) {
		keys := s.mentioned(msg, path)
		if slices.ContainsFunc(keys, func(k string) bool { return tainted[k] }) || tainted[path] {
			continue
		}
		p := Problem{Msg: qualify(msg, path, keys)}
		p.Origin = prov.strongest(keys)
		if path == "model" && len(keys) > 0 && p.Origin.Kind == FromDefault {
			if !hinted {
				p.Hint = "choose a preset with a shape (see: train config list) or give the sizes"
			}
			hinted = true
		}
		out = append(out, p)
	}
	return out
}

// leaves takes a tree of joined errors apart.
func leaves(err error) []string {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range j.Unwrap() {
			out = append(out, leaves(e)...)
		}
		return out
	}
	return []string{err.Error()}
}

var word = regexp.MustCompile(`[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*`)

// mentioned returns the paths of the keys below group that a message names, in
// the order of the message.
func (s *schema) mentioned(msg, group string) []string {
	var out []string
	for _, w := range word.FindAllString(msg, -1) {
		for _, path := range []string{join(group, w), w} {
			if _, ok := s.byPath[path]; ok && !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	return out
}

// qualify puts the group before the first key of a message, so that it reads
// "model.hidden_size 100 is not a multiple of num_attention_heads 3".
func qualify(msg, group string, keys []string) string {
	msg = strings.TrimPrefix(msg, lastElement(group)+": ")
	if len(keys) > 0 {
		leaf := strings.TrimPrefix(keys[0], group+".")
		if strings.HasPrefix(msg, leaf) {
			return group + "." + msg
		}
	}
	if strings.HasPrefix(msg, group+".") {
		return msg
	}
	return group + ": " + msg
}

// crossChecks are the rules that no section can know alone.
func crossChecks(c *Config) []crossProblem {
	var out []crossProblem
	if c.Train.SequenceLength > c.Model.ModelMaxLength && c.Model.ModelMaxLength > 0 {
		out = append(out, crossProblem{
			keys: []string{"train.sequence_length", "model.model_max_length"},
			msg:  fmt.Sprintf("train.sequence_length is %d, above model.model_max_length %d", c.Train.SequenceLength, c.Model.ModelMaxLength),
			hint: "shorten the rows or raise the length of the model",
		})
	}
	if c.Train.MaxSteps > 0 && c.Optim.WarmupSteps >= c.Train.MaxSteps {
		out = append(out, crossProblem{
			keys: []string{"optim.warmup_steps", "train.max_steps"},
			msg:  fmt.Sprintf("optim.warmup_steps is %d, but train.max_steps is %d", c.Optim.WarmupSteps, c.Train.MaxSteps),
			hint: "the learning rate would never be reached: use a shorter warm-up or more steps",
		})
	}
	return out
}

type crossProblem struct {
	keys      []string
	msg, hint string
}
