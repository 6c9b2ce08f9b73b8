// Package lang tells the language of a text.
package lang
