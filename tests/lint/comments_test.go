package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// packageDocs finds packages without a comment that begins "Package name" or,
// for programs, "Command name".
func packageDocs(r *repo) []finding {
	var out []finding
	for dir, files := range r.packages() {
		documented := false
		for _, f := range files {
			name := strings.TrimSuffix(f.ast.Name.Name, "_test")
			word := "Package " + name + " "
			if name == "main" {
				word = "Command "
			}
			documented = documented || strings.HasPrefix(strings.ReplaceAll(f.ast.Doc.Text(), "\n", " "), word)
		}
		if !documented {
			out = append(out, finding{"package docs", files[0].path, 0, fmt.Sprintf("no file of %s has a comment that begins \"Package name\" (\"Command name\" for a program)", dir)})
		}
	}
	return out
}

// exportedDocs finds exported names of non-test code without a comment: types,
// functions, methods of exported types, constants and variables.
func exportedDocs(r *repo) []finding {
	var out []finding
	for _, f := range r.goFiles {
		if f.test || f.generated {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				out = append(out, finding{"exported docs", f.path, f.line(name.Pos()), fmt.Sprintf("exported %s has no comment", name.Name)})
			}
		}
	}
	return out
}

func undocumented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc.Text() == "" && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiverName(d))) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		// The comment of a group covers values, but each type needs its own.
		if d.Tok == token.IMPORT || d.Doc.Text() != "" && (d.Tok != token.TYPE || !d.Lparen.IsValid()) {
			return nil
		}
		var names []*ast.Ident
		for _, s := range d.Specs {
			names = append(names, undocumentedSpec(s)...)
		}
		return names
	}
	return nil
}

func undocumentedSpec(s ast.Spec) []*ast.Ident {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Doc.Text()+s.Comment.Text() == "" && s.Name.IsExported() {
			return []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if s.Doc.Text()+s.Comment.Text() != "" {
			return nil
		}
		var names []*ast.Ident
		for _, n := range s.Names {
			if n.IsExported() {
				names = append(names, n)
			}
		}
		return names
	}
	return nil
}

// receiverName returns the type of a method's receiver without star and
// parameters.
func receiverName(d *ast.FuncDecl) string {
	if len(d.Recv.List) == 0 {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
