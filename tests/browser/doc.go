// Package browser opens the pages of the built binary in a headless Chromium, as a
// person would, at the width of a desk and of a phone. It is a module of its own: what
// drives the browser is no dependency of the program.
//
// Without a Chromium the tests are skipped and say so. HUIHAI_CHROMIUM names one that
// is not in the path, HUIHAI_SCREENSHOTS a folder that keeps the pictures.
package browser
