package lang

import "strings"

const (
	// minSQLLines is the number of lines from which statements of SQL are told, if
	// all read like it; fewer than minCodeLines have to.
	minSQLLines = 2
	// tagsLeast is the share of lines with tags of a template from which lines of
	// markup belong to one.
	tagsLeast = 0.15
)

// sqlStarts begin the clauses of SQL.
var sqlStarts = []string{
	"select ", "from ", "where ", "and ", "or ", "on ", "join ", "left ", "right ", "inner ", "outer ", "full ", "cross ", "group by ", "order by ",
	"having ", "limit ", "offset ", "union", "values", "set ", "insert into ", "update ", "delete from ", "create ", "alter ", "drop ", "add ",
	"primary key", "foreign key", "constraint ", "unique ", "references ", "with ", "when ", "then ", "else ", "end", "case", "begin", "commit", "grant ", "returning ",
	"engine=", "partition by ",
}

// sqlTypes are the types of columns.
var sqlTypes = map[string]bool{
	"int": true, "integer": true, "bigint": true, "smallint": true, "tinyint": true, "serial": true, "bigserial": true, "varchar": true, "nvarchar": true,
	"char": true, "text": true, "decimal": true, "numeric": true, "float": true, "double": true, "real": true, "date": true, "datetime": true,
	"timestamp": true, "time": true, "boolean": true, "bool": true, "blob": true, "json": true, "jsonb": true, "uuid": true, "varchar2": true, "number": true,
}

// sqlStartsBy holds sqlStarts by their first byte.
var sqlStartsBy = func() (t [256][]string) {
	for _, s := range sqlStarts {
		t[s[0]] = append(t[s[0]], s)
	}
	return t
}()

// sqlObjects are what CREATE makes.
var sqlObjects = []string{
	"table ", "index ", "view ", "function ", "procedure ", "database ", "schema ", "trigger ", "temporary table ", "materialized view ",
	"or replace ", "unique index ",
}

// hasFold tells whether s begins with a prefix in small letters, in either case.
func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// sqlLine tells whether a line reads like SQL, and whether it begins a statement.
func sqlLine(line string) (sql, statement bool) {
	first := line[0]
	if first == '-' {
		return strings.HasPrefix(line, "--"), false
	}
	if len(line) > 300 || line[len(line)-1] == '.' || first >= 0x80 {
		return sqlColumn(line), false
	}
	for _, s := range sqlStartsBy[first|0x20] {
		if !hasFold(line, s) {
			continue
		}
		switch s {
		case "select ":
			return true, sqlList(line[len(s):])
		case "create ":
			for _, w := range sqlObjects {
				if hasFold(line[len(s):], w) {
					return true, true
				}
			}
		case "insert into ", "delete from ":
			return true, true
		case "alter ", "drop ":
			return true, hasFold(line[len(s):], "table ")
		}
		return true, false
	}
	if strings.EqualFold(line, "select") {
		return true, true
	}
	return sqlColumn(line), false
}

// sqlList tells whether text can be what SELECT lists: a star, or names and calls
// with commas between them, and no sentence.
func sqlList(text string) bool {
	if text == "" {
		return true
	}
	if i := indexFold(text, " from "); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, " ,")
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		switch {
		case strings.ContainsAny(part, "(*)'\"`.=<>"):
		case len(words) > 3 || len(words) == 3 && !strings.EqualFold(words[1], "as") && !strings.EqualFold(words[0], "distinct"):
			return false
		case len(words) == 2 && !strings.EqualFold(words[0], "distinct") && len(words[1]) > 3:
			return false
		}
	}
	return true
}

// indexFold is strings.Index for a substring in small letters, without regard to case.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// sqlColumn tells whether a line defines a column: name and type.
func sqlColumn(line string) bool {
	at := strings.IndexByte(line, ' ')
	if at < 0 || at > 64 {
		return false
	}
	kind := strings.TrimLeft(line[at:], " ")
	var word [10]byte
	end := 0
	for end < len(kind) && end < len(word) && (kind[end]|0x20 >= 'a' && kind[end]|0x20 <= 'z' || kind[end] == '2') {
		word[end] = kind[end] | 0x20 // '2' stays
		end++
	}
	if !sqlTypes[string(word[:end])] {
		return false
	}
	after := strings.TrimLeft(kind[end:], " ")
	if after == "" || after[0] == '(' || after[0] == ',' {
		return true
	}
	for _, w := range []string{"not ", "default", "primary", "unique", "null", "references"} {
		if hasFold(after, w) {
			return true
		}
	}
	return false
}

// templateTag tells whether a line has the tags of a template: {% %} of Jinja, Twig
// and Liquid, {{ }} of those, Handlebars, Vue and Go around a name, <? of PHP, <% of
// ERB and JSP, and the directives of Vue, Angular, Thymeleaf, FreeMarker and JSTL. Two braces of a wiki, which go on over lines
// or have a bar, are none.
func templateTag(line string) bool {
	if i := strings.Index(line, "{{"); i >= 0 {
		inside, _, closed := strings.Cut(line[i+2:], "}}")
		if closed && inside != "" && !strings.ContainsRune(strings.ReplaceAll(inside, " | ", ""), '|') {
			return true
		}
	}
	if strings.Contains(line, "{%") || strings.Contains(line, "?>") {
		return true
	}
	if strings.IndexByte(line, '<') < 0 {
		return false
	}
	for _, mark := range []string{"<?php", "<?=", "<%", "<template", "v-for=\"", "v-if=\"", "v-model=\"", "*ngFor=\"", "*ngIf=\"", "th:text=\"", "th:each=\"", "<#if", "<#list", "<c:forEach"} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return false
}
