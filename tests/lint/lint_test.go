package lint

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"huihai/internal/golden"
)

// rules are all the rules, by name.
var rules = map[string]func(*repo) []finding{
	"import direction": importDirection,
	"library homes":    libraryHomes,
	"file length":      fileLength,
	"function length":  funcLength,
	"formatting":       formatting,
	"package names":    packageNames,
	"package docs":     packageDocs,
	"exported docs":    exportedDocs,
	"machine paths":    machinePaths,
}

func TestRepository(t *testing.T) {
	r, err := load(os.DirFS(golden.Root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.goFiles) < 10 {
		t.Fatalf("only %d Go files found; the walk is broken", len(r.goFiles))
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, line := range sorted(rule(r)) {
				t.Error(line)
			}
		})
	}
}

func sorted(fs []finding) []string {
	var lines []string
	for _, f := range fs {
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	return lines
}

const doc = "// Package p is here.\n"

func long(n int, line string) string { return strings.Repeat(line, n) }

// ruleCases holds for each rule trees it must refuse and trees like them that
// it must accept. A want of "path:line" names a finding; no want means none.
var ruleCases = []struct {
	rule  string
	files map[string]string
	want  []string
}{
	{"import direction", map[string]string{"trainer/a.go": "package trainer\n\nimport _ \"huihai/optim\"\n"}, nil},
	{"import direction", map[string]string{"optim/a.go": "package optim\n\nimport _ \"huihai/trainer\"\n"}, []string{"optim/a.go:3"}},
	{"import direction", map[string]string{"optim/a.go": "package optim\n\nimport _ \"huihai/data\"\n"}, []string{"optim/a.go:3"}},
	{"import direction", map[string]string{"autograd/a.go": "package autograd\n\nimport _ \"huihai/kernels/cpu\"\n"}, nil},
	{"import direction", map[string]string{"kernels/cpu/a.go": "package cpu\n\nimport _ \"huihai/autograd\"\n"}, []string{"kernels/cpu/a.go:3"}},
	{"import direction", map[string]string{"kernels/cpu/a.go": "package cpu\n\nimport _ \"huihai/kernels\"\n"}, nil},
	{"import direction", map[string]string{"internal/rng/a.go": "package rng\n\nimport _ \"huihai/kernels\"\n"}, []string{"internal/rng/a.go:3"}},
	{"import direction", map[string]string{"internal/rng/a.go": "package rng\n\nimport _ \"huihai/internal/mmap\"\n"}, nil},
	{"import direction", map[string]string{"data/clean/a.go": "package clean\n\nimport _ \"huihai/tokenizer\"\n"}, nil},
	{"import direction", map[string]string{"eval/a.go": "package eval\n\nimport _ \"huihai/configs\"\n"}, []string{"eval/a.go:3"}},
	{"import direction", map[string]string{"eval/a.go": "package eval\n\nimport _ \"huihai/attic\"\n"}, []string{"eval/a.go:3"}},
	{"import direction", map[string]string{"attic/a.go": "package attic\n"}, []string{"attic/a.go:0"}},
	{"import direction", map[string]string{"models/a.go": "package models\n"}, []string{"models/a.go:0"}},
	{"import direction", map[string]string{"tests/e2e/a_test.go": "package e2e\n\nimport _ \"huihai/cmd/train\"\n"}, nil},
	{"import direction", map[string]string{"tools/go.mod": "module huihai/tools\n", "tools/a.go": "package main\n\nimport _ \"huihai/trainer\"\n"}, nil},
	{"import direction", map[string]string{"kernels/x/go.mod": "module huihai/kernels/x\n", "kernels/x/a.go": "package x\n\nimport _ \"huihai/trainer\"\n"}, []string{"kernels/x/a.go:3"}},
	{"import direction", map[string]string{"cmd/train-beam/a.go": "package main\n\nimport _ \"huihai/data/build\"\n"}, nil},
	{"import direction", map[string]string{"cmd/train-beam/a.go": "package main\n\nimport _ \"huihai/cmd/train/internal/runs\"\n"}, []string{"cmd/train-beam/a.go:3"}},
	{"import direction", map[string]string{"trainer/a.go": "package trainer\n\nimport _ \"huihai/data/build\"\n"}, []string{"trainer/a.go:3"}},
	{"import direction", map[string]string{"data/a.go": "package data\n\nimport _ \"huihai/data/html\"\n"}, []string{"data/a.go:3"}},
	{"import direction", map[string]string{"data/a_test.go": "package data\n\nimport _ \"huihai/data/build\"\n"}, nil},
	{"import direction", map[string]string{"model/a_test.go": "package model\n\nimport _ \"huihai/checkpoint\"\n"}, nil},
	{"import direction", map[string]string{"autograd/a_test.go": "package autograd\n\nimport _ \"huihai/checkpoint/safetensors\"\n"}, nil},
	{"import direction", map[string]string{"autograd/a.go": "package autograd\n\nimport _ \"huihai/checkpoint/safetensors\"\n"}, []string{"autograd/a.go:3"}},
	{"import direction", map[string]string{"autograd/a_test.go": "package autograd\n\nimport _ \"huihai/trainer\"\n"}, []string{"autograd/a_test.go:3"}},

	{"library homes", map[string]string{"autograd/a.go": "package autograd\n\nimport _ \"gorgonia.org/tensor\"\n"}, nil},
	{"library homes", map[string]string{"model/a.go": "package model\n\nimport _ \"gorgonia.org/gorgonia\"\n"}, []string{"model/a.go:3"}},
	{"library homes", map[string]string{"trainer/a.go": "package trainer\n\nimport _ \"github.com/spf13/viper\"\n"}, []string{"trainer/a.go:3"}},
	{"library homes", map[string]string{"configs/a.go": "package configs\n\nimport _ \"github.com/spf13/cobra\"\n"}, []string{"configs/a.go:3"}},
	{"library homes", map[string]string{"data/shard/a.go": "package shard\n\nimport _ \"github.com/parquet-go/parquet-go/compress/zstd\"\n"}, nil},
	{"library homes", map[string]string{"eval/a.go": "package eval\n\nimport _ \"github.com/parquet-go/parquet-go\"\n"}, []string{"eval/a.go:3"}},
	{"library homes", map[string]string{"kernels/a.go": "package kernels\n\nimport _ \"github.com/ebitengine/purego\"\n"}, []string{"kernels/a.go:3"}},
	{"library homes", map[string]string{"kernels/a.go": "package kernels\n\nimport \"C\"\n"}, []string{"kernels/a.go:3"}},
	{"library homes", map[string]string{"data/a.go": "package data\n\nimport _ \"pgregory.net/rapid\"\n"}, []string{"data/a.go:3"}},
	{"library homes", map[string]string{"data/a_test.go": "package data\n\nimport _ \"pgregory.net/rapid\"\n"}, nil},

	{"file length", map[string]string{"a.go": "package p\n" + long(maxFileLines-1, "\n")}, nil},
	{"file length", map[string]string{"a.go": "package p\n" + long(maxFileLines, "\n")}, []string{"a.go:0"}},
	{"file length", map[string]string{"a_test.go": "package p\n" + long(maxTestFileLines-1, "\n")}, nil},
	{"file length", map[string]string{"a_test.go": "package p\n" + long(maxTestFileLines, "\n")}, []string{"a_test.go:0"}},
	{"file length", map[string]string{"a.go": "// Code generated by x. DO NOT EDIT.\n\npackage p\n" + long(maxFileLines, "\n")}, nil},

	{"function length", map[string]string{"a.go": "package p\n\nfunc f() {\n" + long(maxFuncLines-2, "\n") + "}\n"}, nil},
	{"function length", map[string]string{"a.go": "package p\n\nfunc f() {\n" + long(maxFuncLines-1, "\n") + "}\n"}, []string{"a.go:3"}},
	{"function length", map[string]string{"kernels/cpu/a.go": "package cpu\n\nfunc f() {\n" + long(maxFuncLines-1, "\n") + "}\n"}, nil},

	{"formatting", map[string]string{"a.go": "package p\n\nvar x = 1\n"}, nil},
	{"formatting", map[string]string{"a.go": "package p\n\nvar  x = 1\n"}, []string{"a.go:0"}},

	{"package names", map[string]string{"data/util/a.go": "package paths\n"}, []string{"data/util/a.go:0"}},
	{"package names", map[string]string{"data/a.go": "package helpers\n"}, []string{"data/a.go:0"}},
	{"package names", map[string]string{"data/a_test.go": "package types_test\n"}, []string{"data/a_test.go:0"}},
	{"package names", map[string]string{"utility/a.go": "package utility\n"}, nil},

	{"package docs", map[string]string{"p/a.go": doc + "package p\n", "p/b.go": "package p\n"}, nil},
	{"package docs", map[string]string{"p/a.go": "// Package p\n// breaks its line.\npackage p\n"}, nil},
	{"package docs", map[string]string{"p/a.go": "package p\n"}, []string{"p/a.go:0"}},
	{"package docs", map[string]string{"p/a.go": "// Package pq is another.\npackage p\n"}, []string{"p/a.go:0"}},
	{"package docs", map[string]string{"p/a.go": "// Package main is no name for a program.\npackage main\n"}, []string{"p/a.go:0"}},
	{"package docs", map[string]string{"p/a.go": "// Command p runs.\npackage main\n"}, nil},

	{"exported docs", map[string]string{"a.go": "package p\n\n// F does.\nfunc F() {}\n\nfunc g() {}\n"}, nil},
	{"exported docs", map[string]string{"a.go": "package p\n\nfunc F() {}\n"}, []string{"a.go:3"}},
	{"exported docs", map[string]string{"a.go": "package p\n\n//go:noinline\nfunc F() {}\n"}, []string{"a.go:4"}},
	{"exported docs", map[string]string{"a_test.go": "package p\n\nfunc F() {}\n"}, nil},
	{"exported docs", map[string]string{"a.go": "package p\n\n// T is.\ntype T[E any] struct{}\n\nfunc (t *T[E]) M() {}\n"}, []string{"a.go:6"}},
	{"exported docs", map[string]string{"a.go": "package p\n\ntype t struct{}\n\nfunc (t) M() {}\n"}, nil},
	{"exported docs", map[string]string{"a.go": "package p\n\n// Sizes.\nconst (\n\tA = 1\n\tB = 2\n)\n"}, nil},
	{"exported docs", map[string]string{"a.go": "package p\n\nvar (\n\tA = 1 // documented\n\tB = 2\n)\n"}, []string{"a.go:5"}},
	{"exported docs", map[string]string{"a.go": "package p\n\n// Two types.\ntype (\n\tA int\n\tb int\n)\n"}, []string{"a.go:5"}},

	{"machine paths", map[string]string{"README.md": "see /tmp/x\n"}, []string{"README.md:1"}},
	{"machine paths", map[string]string{"a.go": "package p\n\nconst dir = \"/work/out\"\n"}, []string{"a.go:3"}},
	{"machine paths", map[string]string{"a.sh": "DIR=/home/me\n"}, []string{"a.sh:1"}},
	{"machine paths", map[string]string{"a.md": "https://example.org/work/x and a/tmp/b\n"}, nil},
	{"machine paths", map[string]string{"a_test.go": "package p\n\nconst dir = \"/tmp/out\"\n", "testdata/a.txt": "/tmp/x\n"}, nil},
	{"machine paths", map[string]string{".gitignore": "/out/\n*.log\n", "out/a.md": "/tmp/x\n", "b.log": " /tmp/x\n", "data/out/a.md": "/tmp/x\n"}, []string{"data/out/a.md:1"}},
}

// TestRules shows that each rule can fail, and that it need not.
func TestRules(t *testing.T) {
	for i, c := range ruleCases {
		t.Run(fmt.Sprintf("%d %s", i, c.rule), func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range c.files {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			r, err := load(tree)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range rules[c.rule](r) {
				if f.rule != c.rule {
					t.Errorf("finding %v carries another rule's name", f)
				}
				got = append(got, fmt.Sprintf("%s:%d", f.path, f.line))
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q in:\n%v", got, c.want, c.files)
			}
		})
	}
}

func TestEveryRuleCanFail(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"util/a.go": "package util\n\nimport _ \"C\"\n\nfunc  F() {\n" + long(maxFileLines, "\t_ = \"/tmp/x\"\n") + "}\n",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := load(tree)
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range rules {
		if len(rule(r)) == 0 {
			t.Errorf("rule %q finds nothing wrong with a file that breaks them all", name)
		}
	}
}

func TestLoadRefusesBrokenSource(t *testing.T) {
	if _, err := load(fstest.MapFS{"a.go": &fstest.MapFile{Data: []byte("package\n")}}); err == nil {
		t.Error("a file that does not parse gave no error")
	}
}
