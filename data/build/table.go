package build

import (
	"context"
	"slices"

	"huihai/data/decontam"
)

// The stages of a build.
const (
	StageList       = "list"
	StageGather     = "gather"
	StageEvals      = "evals"
	StageScore      = "score"
	StageDedup      = "dedup"
	StageCandidates = "candidates"
	StageShingles   = "shingles"
	StageCluster    = "cluster"
	StageVectors    = "vectors"
	StageCentroids  = "centroids"
	StageAssign     = "assign"
	StageWithin     = "within"
	StageSemantic   = "semantic"
	StageDecide     = "decide"
	StageSpans      = "spans"
	StageCopies     = "copies"
	StageAnchors    = "anchors"
	StageRepeats    = "repeats"
	StageSegments   = "segments"
	StagePassages   = "passages"
	StageTokenizer  = "tokenizer"
	StageDocuments  = "documents"
	StagePack       = "pack"
	StagePublish    = "publish"
)

// The units of stages.
const (
	UnitBytes      = "bytes"
	UnitDocuments  = "documents"
	UnitPartitions = "partitions"
)

// stage is a row of the table of stages.
type stage struct {
	name  string
	about string // what it does
	unit  string // what its events count
	array bool   // it has many tasks
	when  func(*Config) bool
	drops []string // reasons for which it drops documents
	cuts  []string // reasons for which it takes pieces out of documents
	run   func(*builder, context.Context) error
	came  func(*builder) string // to what it came, in words
}

func always(*Config) bool         { return true }
func withEvals(c *Config) bool    { return len(c.Decontam.Sets) > 0 }
func withSemantic(c *Config) bool { return c.Semantic.Find }
func withPassages(c *Config) bool { return c.Passages.Find }

// otherRules stands for the reasons that no row of the table names: those of the
// rules of package score and of packages pii and safety.
const otherRules = "*"

// stages returns the table of stages, in the order in which they run. What is known
// of stages elsewhere, their events, units, shares and the reasons in the report,
// follows from it.
func stages() []stage {
	return []stage{
		{name: StageList, about: "find and hash the input files", unit: UnitBytes, when: always, run: (*builder).list, came: (*builder).listed},
		{name: StageGather, about: "read and clean", unit: UnitBytes, array: true, when: always, run: (*builder).gather, came: (*builder).gatherSummary},
		{name: StageEvals, about: "index evaluation sets", unit: UnitBytes, when: withEvals, run: (*builder).indexEvals, came: (*builder).evalsSummary},
		{name: StageScore, about: "measure and judge", unit: UnitBytes, array: true, when: always, run: (*builder).score, came: (*builder).scoreSummary,
			drops: []string{otherRules}, cuts: []string{decontam.Reason}},
		{name: StageDedup, about: "find copies", unit: UnitPartitions, array: true, when: always, run: (*builder).dedup, came: (*builder).dedupSummary,
			drops: []string{ReasonExactDuplicate, ReasonNearDuplicate}},
		{name: StageCandidates, about: "join pairs of copies to components", unit: UnitBytes, when: always, run: (*builder).candidates, came: (*builder).candidatesSummary},
		{name: StageShingles, about: "gather what pairs are verified by", unit: UnitBytes, array: true, when: always, run: (*builder).shingles, came: (*builder).shinglesSummary},
		{name: StageCluster, about: "decide which copy stays", unit: UnitPartitions, array: true, when: always, run: (*builder).cluster, came: (*builder).clusterSummary},
		{name: StageVectors, about: "dense vectors of kept documents", unit: UnitBytes, array: true, when: withSemantic, run: (*builder).vectors, came: (*builder).vectorsSummary},
		{name: StageCentroids, about: "train clusters of them", unit: UnitBytes, when: withSemantic, run: (*builder).centroids, came: (*builder).centroidsSummary},
		{name: StageAssign, about: "send each to its clusters", unit: UnitDocuments, array: true, when: withSemantic, run: (*builder).assign, came: (*builder).assignSummary},
		{name: StageWithin, about: "compare within clusters", unit: UnitPartitions, array: true, when: withSemantic, run: (*builder).within, came: (*builder).withinSummary},
		{name: StageSemantic, about: "decide who is a copy of a better document", unit: UnitBytes, when: withSemantic, run: (*builder).semantic, came: (*builder).semanticSummary,
			drops: []string{ReasonSemanticDuplicate}},
		{name: StageDecide, about: "count what stays, and part it into splits", unit: UnitDocuments, when: always, run: (*builder).decide, came: (*builder).decideSummary},
		{name: StageSpans, about: "list the paragraphs and sentences of kept documents", unit: UnitDocuments, array: true, when: always, run: (*builder).listSpans, came: (*builder).listedSpans},
		{name: StageCopies, about: "find copies among them", unit: UnitPartitions, array: true, when: always, run: (*builder).copies, came: (*builder).copiesSummary,
			drops: []string{ReasonLittleLeft}, cuts: []string{CutParagraph, CutSentence, CutParagraphQuality, CutSentenceQuality}},
		{name: StageAnchors, about: "anchors of the segments of kept documents", unit: UnitBytes, array: true, when: withPassages, run: (*builder).anchors, came: (*builder).anchorsSummary},
		{name: StageRepeats, about: "anchors that occur more than once", unit: UnitPartitions, array: true, when: withPassages, run: (*builder).repeats, came: (*builder).repeatsSummary},
		{name: StageSegments, about: "gather the text around them", unit: UnitBytes, array: true, when: withPassages, run: (*builder).segments, came: (*builder).segmentsSummary},
		{name: StagePassages, about: "compare it by suffix arrays", unit: UnitPartitions, array: true, when: withPassages, run: (*builder).passages, came: (*builder).passagesSummary,
			drops: []string{ReasonPassages}, cuts: []string{CutPassage}},
		{name: StageTokenizer, about: "train a tokenizer, where none is given", unit: UnitBytes, when: always, run: (*builder).tokenizer, came: (*builder).tokenizerText},
		{name: StageDocuments, about: "tokenise and write documents", unit: UnitBytes, array: true, when: always, run: (*builder).writeDocuments, came: (*builder).documentsSummary},
		{name: StagePack, about: "lay tokens into rows", unit: UnitPartitions, array: true, when: always, run: (*builder).pack, came: (*builder).packSummary},
		{name: StagePublish, about: "put the files into place", unit: UnitBytes, when: always, run: (*builder).publish, came: (*builder).published},
	}
}

// Stages lists the stages in the order in which they run.
func Stages() []string {
	var names []string
	for _, s := range stages() {
		names = append(names, s.name)
	}
	return names
}

// Unit returns what the events of a stage count.
func Unit(name string) string {
	for _, s := range stages() {
		if s.name == name {
			return s.unit
		}
	}
	panic("build: no stage " + name)
}

// dropsFor and cutsFor return the stage that removes documents, or pieces of them,
// for a reason.
func dropsFor(reason string) string {
	return removes(reason, func(s stage) []string { return s.drops })
}
func cutsFor(reason string) string {
	return removes(reason, func(s stage) []string { return s.cuts })
}

func removes(reason string, reasons func(stage) []string) string {
	rest := ""
	for _, s := range stages() {
		if slices.Contains(reasons(s), reason) {
			return s.name
		}
		if slices.Contains(reasons(s), otherRules) {
			rest = s.name
		}
	}
	return rest
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
	// Note is something that a person should know, such as that a damaged file was
	// found and is made again. An event with one has nothing else but its Stage.
	Note string
}

// ShareStage is a stage as an array job needs to know it.
type ShareStage struct {
	Stage string `json:"stage"`
	// Array says that the stage has many tasks; another has one.
	Array bool `json:"array"`
}

// ShareStages lists the stages that [RunShare] runs, in their order. Publishing is
// left to [Run].
func (c Config) ShareStages() []ShareStage {
	var out []ShareStage
	for _, s := range stages() {
		if s.name == StagePublish || !s.when(&c) || s.name == StageTokenizer && c.Tokenizer != "" {
			continue
		}
		out = append(out, ShareStage{s.name, s.array})
	}
	return out
}
