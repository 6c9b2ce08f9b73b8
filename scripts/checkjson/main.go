// Command checkjson reads a JSON object on standard input and checks
// statements about its numbers and strings, so that CI can say what a result
// must be in one readable line each:
//
//	checkjson 'steps = 30' 'loss.last < loss.first' 'shards.0 != ""' < summary.json
//
// A statement is left, operator, right, separated by spaces. Each side is a
// number, a JSON string, true, false, or a path of keys and indices joined by
// dots. The operators are = != < <= > >=; order is for numbers alone. It exits
// with 1 if a statement does not hold and 2 if one makes no sense.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stderr)) }

func run(statements []string, in io.Reader, errs io.Writer) int {
	var doc any
	if err := json.NewDecoder(in).Decode(&doc); err != nil {
		fmt.Fprintf(errs, "checkjson: standard input is not JSON: %v\n", err)
		return 1
	}
	if len(statements) == 0 {
		fmt.Fprintln(errs, "checkjson: no statement given")
		return 2
	}
	code := 0
	for _, s := range statements {
		err := check(doc, s)
		var nonsense syntaxError
		switch {
		case errors.As(err, &nonsense):
			fmt.Fprintf(errs, "checkjson: %q: %v\n", s, err)
			return 2
		case err != nil:
			fmt.Fprintf(errs, "checkjson: %q does not hold: %v\n", s, err)
			code = 1
		}
	}
	return code
}

// syntaxError marks a statement that no document could satisfy.
type syntaxError string

func (e syntaxError) Error() string { return string(e) }

func check(doc any, statement string) error {
	parts := strings.Fields(statement)
	if len(parts) != 3 {
		return syntaxError("a statement is left, operator, right")
	}
	left, err := value(doc, parts[0])
	if err != nil {
		return err
	}
	right, err := value(doc, parts[2])
	if err != nil {
		return err
	}
	ok, err := compare(left, parts[1], right)
	if err == nil && !ok {
		err = fmt.Errorf("left is %v, right is %v", left, right)
	}
	return err
}

// value returns a literal, or what a path leads to.
func value(doc any, text string) (any, error) {
	var literal any
	if json.Unmarshal([]byte(text), &literal) == nil {
		return literal, nil
	}
	at := doc
	for key := range strings.SplitSeq(text, ".") {
		switch node := at.(type) {
		case map[string]any:
			next, ok := node[key]
			if !ok {
				return nil, fmt.Errorf("%s: there is no %q", text, key)
			}
			at = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(node) {
				return nil, fmt.Errorf("%s: %q is no index of a list of %d", text, key, len(node))
			}
			at = node[i]
		default:
			return nil, fmt.Errorf("%s: %q lies below a %T", text, key, at)
		}
	}
	return at, nil
}

func compare(left any, op string, right any) (bool, error) {
	switch op {
	case "=", "!=":
		switch left.(type) {
		case map[string]any, []any:
			return false, fmt.Errorf("a %T cannot be compared", left)
		}
		switch right.(type) {
		case map[string]any, []any:
			return false, fmt.Errorf("a %T cannot be compared", right)
		}
		return (left == right) == (op == "="), nil
	case "<", "<=", ">", ">=":
	default:
		return false, syntaxError("the operators are = != < <= > >=")
	}
	l, lok := left.(float64)
	r, rok := right.(float64)
	if !lok || !rok {
		return false, fmt.Errorf("%v and %v are not both numbers", left, right)
	}
	switch op {
	case "<":
		return l < r, nil
	case "<=":
		return l <= r, nil
	case ">":
		return l > r, nil
	}
	return l >= r, nil
}
