package configs

import ("reflect";"strings";"slices";"maps")

type Change struct{ Key, Old, New string }

func Identity(c *Config) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(c).Elem()
	for _, k := range theSchema().keys {
		f := reflect.TypeFor[Config]().FieldByIndex(k.index)
		switch k.Section() { case "model","optim","train","loader": default: continue }
		if f.Tag.Get("run") == "free" { continue }
		s, _ := flow(k.of(v).Interface())
		out[k.Path] = strings.TrimSpace(s)
	}
	return out
}
func Diff(a, b map[string]string) []Change {
	all := maps.Clone(a); if all == nil { all = map[string]string{} }
	for k, v := range b { all[k] = v }
	var out []Change
	for _, k := range slices.Sorted(maps.Keys(all)) { if a[k] != b[k] { out = append(out, Change{k, a[k], b[k]}) } }
	return out
}
func (p *Provenance) Given(section string) []string {
	var out []string
	for _, k := range theSchema().keys { if k.Section() == section && p.Of(k.Path).Kind >= FromFile { out = append(out, k.Path) } }
	return out
}
