// Package clean brings text into one form and counts every change: valid UTF-8,
// Unicode NFC, LF line ends, no byte order mark, no control characters, no blanks
// at line ends, no long runs of blank lines.
//
// It changes no word. What it removes a reader would not see; what it cannot
// repair (invalid bytes) it marks with U+FFFD. Cleaning twice equals cleaning
// once.
package clean
