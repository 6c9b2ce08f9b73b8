package build

// Version numbers what a build makes of the same inputs and the same configuration.
// Whoever changes a byte of a data set adds one at the end of the list, with a line
// that says what changed; a test that builds a corpus with everything on fails until
// then. Results of another version, finished or half done, are made again.
type Version int

// The versions, in order.
const (
	_ Version = iota
	_         // 1: rows with sources
	_         // 2: runs of sources in the manifest
	// VersionStages: stages see only what their key holds. Quality knows sense from
	// noise, copies are verified with their numbers, texts of more kinds are read.
	VersionStages

	// Latest is the version that this program makes.
	Latest = Version(iota - 1)
)
