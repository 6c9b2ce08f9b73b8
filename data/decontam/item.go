package decontam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Item is one evaluation item as read.
type Item struct {
	Task     string
	Name     string // its id, or the number of its line
	Question string
	Answer   string   // of multiple choice, the text of the right choice; may be empty
	Choices  []string // may be empty
}

// Names of fields in the layouts that are known: MMLU, GSM8K, C-Eval, CMMLU,
// AGIEval, GAOKAO-Bench, HumanEval, MBPP, BIG-Bench Hard, MedQA, MedMCQA,
// TruthfulQA, decon's bundled sets. The first that is there counts.
var (
	questionFields = []string{"question", "Question", "prompt", "input", "query", "problem", "text"}
	answerFields   = []string{"answer_idx", "label", "answer", "Answer", "target", "canonical_solution", "code", "best_answer", "solution", "output"}
	choiceFields   = []string{"choices", "options"}
	idFields       = []string{"id", "task_id", "doc_id", "realidx", "index"}
	taskFields     = []string{"task", "subject", "eval_key", "keyword"}
	letterFields   = []string{"A", "B", "C", "D", "E", "F"}
)

// ParseItem reads an item from a JSON object. The fields that are named are used,
// the others looked for; line is the item's name where it has no id.
func ParseItem(raw []byte, fields Fields, line int) (Item, error) {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(raw, &row); err != nil {
		return Item{}, fmt.Errorf("is no JSON object: %w", err)
	}
	it := Item{Name: strconv.Itoa(line)}
	field, err := pick(row, fields.Question, questionFields)
	if err != nil {
		return Item{}, err
	}
	it.Question = scalar(row[field])
	if it.Question == "" {
		return Item{}, fmt.Errorf("has no question: it has the fields %s; name the right one under fields.question", names(row))
	}
	if it.Choices, err = choices(row, fields.Choices); err != nil {
		return Item{}, err
	}
	if field, err = pick(row, fields.Answer, answerFields); err != nil {
		return Item{}, err
	}
	it.Answer = answer(row, field, it.Choices)
	if field, err = pick(row, fields.ID, idFields); err != nil {
		return Item{}, err
	}
	if id := scalar(row[field]); id != "" {
		it.Name = id
	}
	if field, err = pick(row, fields.Task, taskFields); err != nil {
		return Item{}, err
	}
	it.Task = scalar(row[field])
	return it, nil
}

// pick returns the field that is named, or the first known one that is there and
// holds something.
func pick(row map[string]json.RawMessage, named string, known []string) (string, error) {
	if named != "" {
		if _, ok := row[named]; !ok {
			return "", fmt.Errorf("has no field %q; it has %s", named, names(row))
		}
		return named, nil
	}
	for _, f := range known {
		if v, ok := row[f]; ok && string(v) != "null" && string(v) != `""` {
			return f, nil
		}
	}
	return "", nil
}

func names(row map[string]json.RawMessage) string {
	var list []string
	for k := range row {
		list = append(list, k)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// scalar returns a string's value or a number's digits, else "".
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '"' {
		var s string
		_ = json.Unmarshal(raw, &s) // raw was parsed once
		return s
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		return string(raw)
	}
	return ""
}

// choices returns the choices: of the field or fields that are named, else of a
// known one, else of the fields A, B, C ...
func choices(row map[string]json.RawMessage, named string) ([]string, error) {
	if list := strings.Split(named, ","); len(list) > 1 {
		var out []string
		for _, f := range list {
			f = strings.TrimSpace(f)
			if _, ok := row[f]; !ok {
				return nil, fmt.Errorf("has no field %q; it has %s", f, names(row))
			}
			out = append(out, scalar(row[f]))
		}
		return out, nil
	}
	field, err := pick(row, named, choiceFields)
	if err != nil {
		return nil, err
	}
	if field == "" {
		return letters(row), nil
	}
	var list []json.RawMessage
	if json.Unmarshal(row[field], &list) == nil {
		out := make([]string, len(list))
		for i, raw := range list {
			out[i] = unlettered(scalar(raw))
		}
		return out, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(row[field], &object) == nil {
		return letters(object), nil
	}
	return nil, nil
}

func letters(row map[string]json.RawMessage) []string {
	var out []string
	for _, l := range letterFields {
		raw, ok := row[l]
		if !ok {
			break
		}
		out = append(out, scalar(raw))
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// unlettered takes the mark "(A)" or "A. " off a choice.
func unlettered(s string) string {
	t := strings.TrimPrefix(s, "(")
	if len(t) < 2 || t[0] < 'A' || t[0] > 'F' || !strings.ContainsRune(").:、．", []rune(t[1:])[0]) {
		return s
	}
	return strings.TrimSpace(t[1+len(string([]rune(t[1:])[:1])):])
}

// answer returns the text of the answer: a letter or an index becomes the choice
// it stands for.
func answer(row map[string]json.RawMessage, field string, choices []string) string {
	s := strings.TrimSpace(scalar(row[field]))
	var list []json.RawMessage
	if s == "" && json.Unmarshal(row[field], &list) == nil && len(list) == 1 {
		s = scalar(list[0]) // GAOKAO-Bench: a list of letters
	}
	if len(choices) > 0 {
		if len(s) == 1 && s[0] >= 'A' && int(s[0]-'A') < len(choices) {
			return choices[s[0]-'A']
		}
		if i, err := strconv.Atoi(s); err == nil && row[field][0] != '"' {
			if i >= 0 && i < len(choices) {
				return choices[i]
			}
			return ""
		}
	}
	if len(s) == 1 && s[0] >= 'A' && s[0] <= 'Z' {
		return "" // a letter says nothing without its choices
	}
	return uncalculated(s)
}

// uncalculated removes GSM8K's calculator marks <<16-3-4=9>>.
func uncalculated(s string) string {
	for {
		i := strings.Index(s, "<<")
		if i < 0 {
			return s
		}
		n := strings.Index(s[i:], ">>")
		if n < 0 {
			return s
		}
		s = s[:i] + s[i+n+2:]
	}
}
