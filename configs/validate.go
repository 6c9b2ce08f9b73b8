package configs

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// validate asks the sections for their problems and says of each where the
// values it names were written. Problems that only follow from one already
// found (a key that was misspelt is missing) are left out.
func (s *schema) validate(c *Config, prov *Provenance, sections []string, found []Problem) []Problem {
	tainted := map[string]bool{}
	for _, p := range found {
		tainted[p.Key] = true
		for _, key := range p.meant {
			tainted[key] = true
		}
	}
	used := func(group string) bool {
		if sections == nil {
			return true
		}
		return slices.ContainsFunc(sections, func(name string) bool { return name == group || parent(group) == name })
	}
	out := s.validateTree(reflect.ValueOf(c).Elem(), "", used, prov, tainted)
	if sections == nil {
		out = slices.DeleteFunc(out, func(p Problem) bool {
			return slices.Contains(sideSections, p.section) && !s.changed(c, p.about)
		})
	}
	for _, x := range crossChecks(c) {
		skip := func(key string) bool { return tainted[key] || !used(parent(key)) }
		if !slices.ContainsFunc(x.keys, skip) {
			out = append(out, Problem{Msg: x.msg, Hint: x.hint, Origin: prov.strongest(x.keys)})
		}
	}
	return out
}

// validateTree validates the groups directly below v, and of those that have no
// Validate of their own the groups below them.
func (s *schema) validateTree(v reflect.Value, path string, used func(string) bool, prov *Provenance, tainted map[string]bool) []Problem {
	var out []Problem
	for i := range v.NumField() {
		name, _ := fieldName(v.Type().Field(i))
		group := join(path, name)
		if !s.groups[group] {
			continue
		}
		val, ok := v.Field(i).Interface().(validator)
		switch {
		case !ok:
			out = append(out, s.validateTree(v.Field(i), group, used, prov, tainted)...)
		case used(group) && !tainted[group]:
			out = append(out, s.problemsOf(val, group, prov, tainted)...)
		}
	}
	return out
}

// problemsOf words the problems that one group finds in itself.
func (s *schema) problemsOf(val validator, group string, prov *Provenance, tainted map[string]bool) []Problem {
	var out []Problem
	hinted := false
	for _, msg := range leaves(val.Validate(), "") {
		keys := s.mentioned(msg, group)
		if slices.ContainsFunc(keys, func(k string) bool { return tainted[k] }) {
			continue
		}
		p := Problem{Msg: qualify(msg, group, keys), Origin: prov.strongest(keys), section: group, about: keys}
		if group == "model" && !hinted && len(keys) > 0 && p.Origin.Kind == FromDefault {
			p.Hint = "choose a preset with a shape (see: train config list) or give the sizes"
			hinted = true
		}
		out = append(out, p)
	}
	return out
}

// changed tells whether any of the keys has another value than its default. A
// value that was written out and equals the default says nothing new.
func (s *schema) changed(c *Config, keys []string) bool {
	def := Default()
	now, before := reflect.ValueOf(c).Elem(), reflect.ValueOf(&def).Elem()
	return slices.ContainsFunc(keys, func(path string) bool {
		a, b := s.byPath[path].of(now), s.byPath[path].of(before)
		empty := a.Kind() == reflect.Slice && a.Len()+b.Len() == 0 // nil or not
		return !empty && !reflect.DeepEqual(a.Interface(), b.Interface())
	})
}

// leaves takes a tree of joined errors apart. Words put in front of a joined
// error, as in "pack: first\nsecond", are put in front of each.
func leaves(err error, prefix string) []string {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range j.Unwrap() {
			out = append(out, leaves(e, prefix)...)
		}
		return out
	}
	if inner := errors.Unwrap(err); inner != nil {
		if before, ok := strings.CutSuffix(err.Error(), inner.Error()); ok {
			return leaves(inner, prefix+before)
		}
	}
	return []string{prefix + err.Error()}
}

var word = regexp.MustCompile(`[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*`)

// mentioned returns the paths of the keys below group that a message names, in
// the order of the message. In "pack: length is 0" the words before a colon are
// groups.
func (s *schema) mentioned(msg, group string) []string {
	under, rest := s.descend(msg, group)
	var out []string
	for _, w := range word.FindAllString(rest, -1) {
		for _, path := range []string{join(under, w), join(group, w), w} {
			if _, ok := s.byPath[path]; ok && !slices.Contains(out, path) {
				out = append(out, path)
				break
			}
		}
	}
	return out
}

// descend follows the groups that a message names before colons.
func (s *schema) descend(msg, group string) (under, rest string) {
	for {
		name, after, ok := strings.Cut(msg, ": ")
		switch {
		case ok && s.groups[join(group, name)]:
			group, msg = join(group, name), after
		case ok && name == lastElement(group):
			msg = after
		default:
			return group, msg
		}
	}
}

// qualify puts the group before the first key of a message, so that it reads
// "model.hidden_size 100 is not a multiple of num_attention_heads 3".
func qualify(msg, group string, keys []string) string {
	under, rest := theSchema().descend(msg, group)
	if len(keys) > 0 && strings.HasPrefix(rest, lastElement(keys[0])) && parent(keys[0]) == under {
		return under + "." + rest
	}
	if strings.HasPrefix(rest, under+".") {
		return rest
	}
	return under + ": " + rest
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
