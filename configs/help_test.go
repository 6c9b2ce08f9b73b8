package configs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The help of every setting is the doc comment of its field.
func TestHelpIsCurrent(t *testing.T) {
	docs := fieldDocs{t: t, structs: map[reflect.Type]map[string]string{}}
	var b strings.Builder
	for _, k := range Keys() {
		fmt.Fprintf(&b, "%s\t%s\n", k.Path, docs.of(reflect.TypeFor[Config](), k.index))
	}
	if *update {
		if err := os.WriteFile("help.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		helpText = b.String()
	}
	if diff := cmp.Diff(helpText, b.String()); diff != "" {
		t.Errorf("help.txt is not what the comments say; run: go test ./configs -update\n%s", diff)
	}
}

// fieldDocs finds the comments of struct fields in the source.
type fieldDocs struct {
	t       *testing.T
	structs map[reflect.Type]map[string]string
}

func (d *fieldDocs) of(typ reflect.Type, index []int) string {
	for _, i := range index[:len(index)-1] {
		typ = typ.Field(i).Type
	}
	if d.structs[typ] == nil {
		d.structs[typ] = d.read(typ)
	}
	return d.structs[typ][typ.Field(index[len(index)-1]).Name]
}

// read parses the package of a struct. A field without a comment that follows
// another on the next line shares its comment.
func (d *fieldDocs) read(typ reflect.Type) map[string]string {
	dir := filepath.Join("..", strings.TrimPrefix(typ.PkgPath(), "huihai/"))
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		d.t.Fatal(err)
	}
	fset := token.NewFileSet()
	docs := map[string]string{}
	for _, path := range files {
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			d.t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != typ.Name() {
				return true
			}
			last, lastField, lastLine := "", "", -1
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				text := field.Doc.Text() + field.Comment.Text()
				if text == "" && fset.Position(field.Pos()).Line == lastLine+1 && sharesComment(last, lastField, field) {
					text = last
				} else if len(field.Names) > 0 {
					lastField = field.Names[0].Name
				}
				for _, name := range field.Names {
					docs[name.Name] = plainHelp(text, typ)
				}
				last, lastLine = text, fset.Position(field.End()).Line
			}
			return false
		})
	}
	return docs
}

// sharesComment tells whether a comment above one field is about the next too:
// it names the next ("Beta1 and Beta2 are"), or not the first alone ("The ids").
func sharesComment(text, first string, next *ast.Field) bool {
	if !strings.HasPrefix(text, first) {
		return text != ""
	}
	return len(next.Names) > 0 && regexp.MustCompile(`\b`+next.Names[0].Name+`\b`).MatchString(text)
}

var docLink = regexp.MustCompile(`\[([A-Za-z.]+)\]`)

// plainHelp puts a comment on one line and calls fields by their keys.
func plainHelp(text string, typ reflect.Type) string {
	text = docLink.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1")
	for i := range typ.NumField() {
		f := typ.Field(i)
		if name, _ := fieldName(f); name != "" && len(f.Name) > 2 {
			text = regexp.MustCompile(`\b`+f.Name+`\b`).ReplaceAllStringFunc(text, func(string) string { return name })
		}
	}
	return text
}

func TestDescribe(t *testing.T) {
	all, err := Describe("")
	if err != nil || len(all) != len(Keys()) {
		t.Fatalf("%d of %d settings described, %v", len(all), len(Keys()), err)
	}
	one, err := Describe("optim.learning_rate")
	want := []KeyInfo{{
		Key: "optim.learning_rate", Type: "number", Default: "0.0002", Env: "HUIHAI_OPTIM_LEARNING_RATE",
		Help: theHelp()["optim.learning_rate"],
	}}
	if err != nil || want[0].Help == "" {
		t.Fatal("no help", err)
	}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Error(diff)
	}
	if _, err := Describe("optm"); err == nil || !strings.Contains(err.Error(), "did you mean optim?") {
		t.Errorf("error is %v", err)
	}
}
