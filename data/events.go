package data

// The stages of [Build], in order.
const (
	StageList       = "list"       // find and hash the input files
	StageGather     = "gather"     // read and clean; units are bytes of files
	StageEvals      = "evals"      // index evaluation sets, where there are any
	StageScore      = "score"      // measure and judge; units are bytes of text
	StageDedup      = "dedup"      // find copies; units are partitions
	StageCandidates = "candidates" // join pairs of copies to components
	StageShingles   = "shingles"   // gather what pairs are verified by; units are bytes of text
	StageCluster    = "cluster"    // decide which copy stays; units are partitions
	StageVectors    = "vectors"    // dense vectors of kept documents; units are bytes of text
	StageCentroids  = "centroids"  // train clusters of them
	StageAssign     = "assign"     // send each to its clusters; units are documents
	StageWithin     = "within"     // compare within clusters; units are partitions
	StageSemantic   = "semantic"   // decide who is a copy of a better document
	StageDecide     = "decide"     // count what stays, and part it into splits
	StageSpans      = "spans"      // list the paragraphs and sentences of kept documents
	StageCopies     = "copies"     // find copies among them; units are partitions
	StageAnchors    = "anchors"    // of the segments of kept documents; units are bytes of text
	StageRepeats    = "repeats"    // anchors that occur more than once; units are partitions
	StageSegments   = "segments"   // gather the text around them; units are bytes of text
	StagePassages   = "passages"   // compare it by suffix arrays; units are partitions
	StageTokenizer  = "tokenizer"  // train one, where none is given; units are bytes
	StageDocuments  = "documents"  // tokenise and write documents; units are bytes of text
	StagePack       = "pack"       // lay tokens into rows; units are partitions
	StagePublish    = "publish"    // move the files into place
)

// Stages lists the stages in the order in which they run.
func Stages() []string {
	return []string{StageList, StageGather, StageEvals, StageScore, StageDedup, StageCandidates, StageShingles, StageCluster,
		StageVectors, StageCentroids, StageAssign, StageWithin, StageSemantic,
		StageDecide, StageSpans, StageCopies, StageAnchors, StageRepeats, StageSegments, StagePassages,
		StageTokenizer, StageDocuments, StagePack, StagePublish}
}

// Event tells how far a build is.
type Event struct {
	Stage string
	Done  int64 // units done in the stage
	Total int64 // units of the stage, 0 when unknown
	// Finished is set on the last event of a stage, with what it came to.
	Finished bool
	Seconds  float64
	Summary  string
}

// The units of stages.
const (
	UnitBytes      = "bytes"
	UnitDocuments  = "documents"
	UnitPartitions = "partitions"
)

// Unit returns what the events of a stage count.
func Unit(stage string) string {
	switch stage {
	case StageDedup, StageCluster, StageWithin, StageCopies, StageRepeats, StagePassages, StagePack:
		return UnitPartitions
	case StageAssign, StageDecide, StageSpans:
		return UnitDocuments
	}
	return UnitBytes
}
