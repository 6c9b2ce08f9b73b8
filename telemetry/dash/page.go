package dash

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"strings"
)

//go:embed page
var pageFiles embed.FS

// scripts are the parts of the page's script, in order.
var scripts = []string{"text.js", "chart.js", "charts.js", "runs.js", "main.js"}

// page is the page with its style and script in it, and the policy that lets a browser
// run exactly those.
type page struct {
	html, zipped []byte
	policy       string
}

// assemble puts the page together.
func assemble() page {
	style := pageFile("style.css")
	var script strings.Builder
	script.WriteString("'use strict';\n(() => {\n")
	for _, name := range scripts {
		script.WriteString(pageFile(name))
	}
	script.WriteString("})();\n")
	html := strings.NewReplacer(
		"/*style.css*/", style,
		"/*script*/", script.String(),
	).Replace(pageFile("index.html"))
	p := page{html: []byte(html)}
	p.policy = "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"style-src " + source(style) + "; script-src " + source(script.String())
	p.zipped = zipped(p.html)
	return p
}

func pageFile(name string) string {
	b, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic("dash: a part of the page is not embedded")
	}
	return string(b)
}

// source names an inline element by its hash, for a Content-Security-Policy.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b) // a buffer takes everything
	w.Close()
	return out.Bytes()
}
