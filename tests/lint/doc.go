// Package lint holds the repository to its own rules, as tests: the direction
// of imports, where a few libraries may be used, sizes of files and functions,
// documentation, names, formatting and stray paths of somebody's machine.
//
// Each rule is a function from the files of a repository to findings. It runs
// on the real tree in TestRepository and on small made-up trees in TestRules,
// which show that it can fail.
package lint
