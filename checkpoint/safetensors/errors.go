package safetensors

import "fmt"

// FormatError reports a file that does not keep the format.
type FormatError struct {
	Path    string // the file
	Tensor  string // the tensor at fault, "" when it is the file as a whole
	Problem string // what is wrong
}

// Error names the file, the tensor and the problem.
func (e *FormatError) Error() string {
	if e.Tensor == "" {
		return fmt.Sprintf("safetensors: %s: %s", e.Path, e.Problem)
	}
	return fmt.Sprintf("safetensors: %s: tensor %s: %s", e.Path, quote(e.Tensor), e.Problem)
}

// quote makes a name from a file fit for a terminal.
func quote(name string) string {
	const most = 120
	if len(name) > most {
		return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
	}
	return fmt.Sprintf("%q", name)
}
