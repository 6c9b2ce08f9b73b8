// Package telemetry shows a run to people and programs: sinks for scalars
// (JSONL, TensorBoard event files), the lines, panels and tables of a terminal,
// and plots.
//
// It owns how a number looks and how it is stored. It must not know what a
// number means, so it imports no other package of the program, and nothing in
// it computes a result that training depends on.
//
// # Files
//
//   - [OpenJSONL]: one JSON object per step, appended with a single write. A
//     line cut short by a crash is dropped when the file is opened again.
//   - [OpenEvents]: TensorBoard event files, the format of tensorboard/compat/
//     proto/event.proto in records with masked CRC-32C.
//
// Both take the step that a run resumes from, so that the steps which the
// killed run logged beyond it do not show twice.
//
// # Terminals
//
// [Progress] owns the terminal's last line, so that log lines and the bar do not
// tear each other. Everything that draws has a plain form for files and pipes;
// [Screen] says which one to use. Widths are display widths: a Chinese character
// takes two columns.
//
// The clock is always injected.
package telemetry
