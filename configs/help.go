package configs

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// helpText holds a line "path<TAB>help" for every setting. It is made from the
// doc comments of the Config structs; a test keeps it current.
//
//go:embed help.txt
var helpText string

var theHelp = sync.OnceValue(func() map[string]string {
	help := map[string]string{}
	for line := range strings.Lines(helpText) {
		if path, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			help[path] = text
		}
	}
	return help
})

// KeyInfo describes a setting for people and programs.
type KeyInfo struct {
	Key     string `json:"key"`
	Type    string `json:"type"`
	Default string `json:"default"` // as YAML
	Env     string `json:"env"`
	Help    string `json:"help"`
}

// Describe lists the settings that begin with prefix (all for ""). A prefix
// that fits none is an error that names the nearest.
func Describe(prefix string) ([]KeyInfo, error) {
	def := Default()
	v := reflect.ValueOf(&def).Elem()
	s := theSchema()
	var out []KeyInfo
	for _, k := range s.keys {
		if !strings.HasPrefix(k.Path, prefix) {
			continue
		}
		text, err := flow(k.of(v).Interface())
		if err != nil {
			return nil, fmt.Errorf("configuration: describe %s: %w", k.Path, err)
		}
		out = append(out, KeyInfo{Key: k.Path, Type: k.TypeName(), Default: text, Env: k.Env, Help: theHelp()[k.Path]})
	}
	if len(out) == 0 {
		hint := didYouMean(append(s.suggest(prefix, false), s.suggest(prefix, true)...))
		return nil, &Error{Problems: []Problem{{Msg: fmt.Sprintf("no setting begins with %q", prefix), Hint: hint}}}
	}
	return out, nil
}
