package score

// Rules returns the rules that a configuration judges the texts of each language by,
// in their order.
func (c Config) Rules() (map[Language][]Rule, error) { return c.compile() }

// RuleLanguages lists the languages that rules are chosen for, in the order of reports.
func RuleLanguages() []Language { return append([]Language(nil), languages...) }
