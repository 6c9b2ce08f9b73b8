package build

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"huihai/data"
	"huihai/data/clean"
	"huihai/data/decontam"
	"huihai/data/pack"
	"huihai/data/pii"
	"huihai/data/safety"
	"huihai/data/score"
	"huihai/data/substring"
)

// Report is what a build came to; report.json holds it.
type Report struct {
	Fingerprint string `json:"fingerprint"`

	Files         int64            `json:"files"`
	FileBytes     int64            `json:"file_bytes"`
	BadFiles      []BadFile        `json:"bad_files"`
	SkippedFiles  map[string]int64 `json:"skipped_files"` // by extension
	Records       int64            `json:"records"`       // documents read + records rejected
	Rejected      map[string]Tally `json:"rejected"`      // records, by reason
	Read          Tally            `json:"read"`          // documents, bytes after cleaning
	RawBytes      int64            `json:"raw_bytes"`     // bytes before cleaning
	Kept          Tally            `json:"kept"`
	Dropped       map[string]Tally `json:"dropped"` // by reason
	Cut           map[string]Tally `json:"cut"`     // pieces taken out of kept documents, by reason
	CleanChanges  clean.Counts     `json:"clean_changes"`
	Encodings     map[string]int64 `json:"encodings"`   // how texts were decoded, see data/charset
	PassedOver    map[string]int64 `json:"passed_over"` // records of web archives that are no documents
	PII           PIIReport        `json:"pii"`
	Safety        safety.Counts    `json:"safety"`
	Decontam      *decontam.Counts `json:"decontamination,omitempty"`
	Funnel        []FunnelStep     `json:"funnel"` // what was removed, in the order of the stages
	Languages     map[string]Flow  `json:"languages"`
	Sources       map[string]Flow  `json:"sources"`
	Duplicates    DuplicateReport  `json:"duplicates"`
	Tokenizer     TokenizerReport  `json:"tokenizer"`
	Splits        []SplitReport    `json:"splits"`
	BytesPerToken float64          `json:"bytes_per_token"` // of kept text, EOS tokens not counted
	Unigram       UnigramReport    `json:"unigram"`

	Thresholds []Threshold `json:"thresholds"`
	Survey     *Survey     `json:"survey"`

	Seconds   map[string]float64 `json:"seconds"`   // by stage
	Unchanged bool               `json:"unchanged"` // the data set was there already
}

// Flow is what was read and kept of a language or a source.
type Flow struct {
	Read Tally `json:"read"`
	Kept Tally `json:"kept"`
}

// FunnelStep is what one reason removed. Of documents that stay, what was cut out
// counts as bytes of a step whose Documents are the pieces.
type FunnelStep struct {
	Stage     string `json:"stage"`
	Reason    string `json:"reason"`
	Documents int64  `json:"documents"` // or pieces
	Bytes     int64  `json:"bytes"`
	Cut       bool   `json:"cut,omitempty"` // pieces of kept documents
}

// DuplicateReport is what dedup found.
type DuplicateReport struct {
	CandidatePairs     int64 `json:"candidate_pairs"` // by MinHash, each pair once
	VerifiedPairs      int64 `json:"verified_pairs"`
	Clusters           int64 `json:"clusters"`
	ClusteredDocuments int64 `json:"clustered_documents"`
	spansInfo
	Semantic *semanticInfo   `json:"semantic,omitempty"` // dense clusters
	Passages *PassagesReport `json:"passages,omitempty"`
}

// PIIReport counts pieces of personal data by kind.
type PIIReport struct {
	Found  pii.Counts `json:"found"`
	Masked pii.Counts `json:"masked"`
}

// PassagesReport is what became of repeated passages.
type PassagesReport struct {
	substring.MatchCounts
	substring.Counts
}

// TokenizerReport names the tokenizer.
type TokenizerReport struct {
	VocabSize int    `json:"vocab_size"`
	SHA256    string `json:"sha256"`
	Trained   bool   `json:"trained"`
}

// SplitReport is one split. Documents, Bytes and Tokens are those of its kept
// documents, each counted once; tokens include the EOS of each. Sampled tells
// what sampling made of them, and the ledger what packing made of that.
type SplitReport struct {
	Name      string           `json:"name"`
	Documents int64            `json:"documents"`
	Bytes     int64            `json:"bytes"`
	Tokens    int64            `json:"tokens"`
	Sampled   Sampled          `json:"sampled"`
	Rows      int64            `json:"rows"`
	Sources   map[string]int64 `json:"rows_by_source"`
	Ledger    pack.Ledger      `json:"ledger"`
}

// makeReport gathers the counters of all stages and checks that they agree.
func (b *builder) makeReport(ctx context.Context) (*Report, error) {
	r := &Report{
		Files: b.read.Files, FileBytes: b.read.FileBytes, BadFiles: append([]BadFile{}, b.read.BadFiles...), SkippedFiles: b.listing.Skipped,
		Rejected: map[string]Tally{}, RawBytes: b.read.ReadBytes, CleanChanges: b.read.Clean,
		Dropped: map[string]Tally{}, Cut: map[string]Tally{}, Languages: map[string]Flow{}, Sources: map[string]Flow{}, Survey: newSurvey(),
		Tokenizer: TokenizerReport{b.vocab.VocabSize, b.vocab.Fingerprint, b.cfg.Tokenizer == ""},
		Seconds:   b.seconds,
	}
	r.Records = b.documents()
	for reason, n := range b.read.Rejected {
		r.Rejected[reason] = Tally{n, b.read.RejBytes[reason]}
		r.Records += n
	}
	r.Read = Tally{b.documents(), b.read.TextBytes}
	r.Duplicates = DuplicateReport{
		CandidatePairs: b.clusters.Candidates, VerifiedPairs: b.clusters.Verified,
		Clusters: b.clusters.Clusters, ClusteredDocuments: b.clusters.Members, spansInfo: b.spans,
	}
	r.Encodings, r.PassedOver = b.read.Encodings, b.read.PassedOver
	r.PII, r.Safety = PIIReport{b.read.PII, b.read.PIIMasked}, b.scoring.Safety
	if b.evals != nil {
		r.Decontam = &b.scoring.Decontam
	}
	if b.cfg.Semantic.Find {
		r.Duplicates.Semantic = &b.dense
	}
	if b.cfg.Passages.Find {
		r.Duplicates.Passages = &PassagesReport{MatchCounts: b.matches}
	}
	splits, err := b.addDocuments(r)
	if err != nil {
		return nil, err
	}
	if err := b.addPacked(r, splits); err != nil {
		return nil, err
	}
	if r.Unigram, err = b.unigram(ctx, splits); err != nil {
		return nil, err
	}
	if tokens := r.Splits[0].Tokens + r.Splits[1].Tokens - r.Kept.Documents; tokens > 0 {
		r.BytesPerToken = float64(r.Kept.Bytes) / float64(tokens)
	}
	r.Funnel = r.funnel()
	if r.Thresholds, err = b.cfg.thresholds(); err != nil {
		return nil, err
	}
	if err := b.findTwins(ctx, r.Survey); err != nil {
		return nil, err
	}
	return r, r.check()
}

// addDocuments sums the counters of the documents stage.
func (b *builder) addDocuments(r *Report) (map[string]*SplitReport, error) {
	splits := map[string]*SplitReport{}
	for _, name := range []string{data.Train, data.Validation} {
		splits[name] = &SplitReport{Name: name, Sources: map[string]int64{}}
	}
	for _, res := range b.written {
		var info documentsInfo
		if err := res.DecodeInfo(&info); err != nil {
			return nil, err
		}
		for status, t := range info.Status {
			if status == score.Kept {
				r.Kept = r.Kept.plus(t) // less what was cut, below
			} else {
				r.Dropped[status] = r.Dropped[status].plus(t)
			}
		}
		for reason, t := range info.Cut {
			r.Cut[reason] = r.Cut[reason].plus(t)
			r.Kept.Bytes -= t.Bytes
		}
		addFlow(r.Languages, info.Languages, info.KeptLanguages)
		addFlow(r.Sources, info.Sources, info.KeptSources)
		for k, t := range info.Splits {
			splits[k].Documents += t.Documents
			splits[k].Bytes += t.Bytes
			splits[k].Tokens += info.Tokens[k]
			splits[k].Sampled = splits[k].Sampled.plus(info.Sampled[k])
		}
		r.Survey.merge(info.Survey)
		if r.Duplicates.Passages != nil {
			r.Duplicates.Passages.Counts.Add(info.Passages)
		}
	}
	return splits, nil
}

// addPacked sums the counters of the pack stage.
func (b *builder) addPacked(r *Report, splits map[string]*SplitReport) error {
	for i, res := range b.packed {
		var info packInfo
		if err := res.DecodeInfo(&info); err != nil {
			return err
		}
		s := splits[data.Train]
		if i >= b.parts.Train {
			s = splits[data.Validation]
		}
		s.Ledger.Add(info.Ledger)
		s.Rows += res.Rows
		for source, rows := range info.Sources {
			s.Sources[source] += rows
		}
	}
	for _, name := range []string{data.Train, data.Validation} {
		s := splits[name]
		if !s.Ledger.Closes(b.cfg.Pack.SequenceLength) || s.Ledger.Tokens != s.Sampled.Tokens || s.Ledger.Documents != s.Sampled.Copies || s.Ledger.Rows != s.Rows {
			return fmt.Errorf("data: the token ledger of split %s does not close: %+v sampled, ledger %+v: this is a defect", name, s.Sampled, s.Ledger)
		}
		r.Splits = append(r.Splits, *s)
	}
	return nil
}

func addFlow(to map[string]Flow, read, kept map[string]Tally) {
	for k, t := range read {
		f := to[k]
		f.Read = f.Read.plus(t)
		f.Kept = f.Kept.plus(kept[k])
		to[k] = f
	}
}

// funnel orders what was removed: records that could not be read, then documents
// by stage, the larger reasons of a stage first.
func (r *Report) funnel() []FunnelStep {
	var steps []FunnelStep
	for _, reason := range sortedKeys(r.Rejected) {
		steps = append(steps, FunnelStep{Stage: StageGather, Reason: reason, Documents: r.Rejected[reason].Documents, Bytes: r.Rejected[reason].Bytes})
	}
	for _, reason := range sortedKeys(r.Dropped) {
		steps = append(steps, FunnelStep{Stage: dropsFor(reason), Reason: reason, Documents: r.Dropped[reason].Documents, Bytes: r.Dropped[reason].Bytes})
	}
	for _, reason := range sortedKeys(r.Cut) {
		steps = append(steps, FunnelStep{Stage: cutsFor(reason), Reason: reason, Documents: r.Cut[reason].Documents, Bytes: r.Cut[reason].Bytes, Cut: true})
	}
	order := Stages()
	slices.SortStableFunc(steps, func(a, b FunnelStep) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Stage), slices.Index(order, b.Stage)), cmp.Compare(b.Bytes, a.Bytes))
	})
	return steps
}

func (t Tally) plus(o Tally) Tally { return Tally{t.Documents + o.Documents, t.Bytes + o.Bytes} }

// check holds that every document read is kept or dropped with a reason.
func (r *Report) check() error {
	all := r.Kept
	for _, t := range r.Dropped {
		all = all.plus(t)
	}
	for _, t := range r.Cut {
		all.Bytes += t.Bytes
	}
	if all != r.Read {
		return fmt.Errorf("data: the ledger does not close: %d documents (%d bytes) read, %d (%d bytes) kept, dropped or cut out: this is a defect", r.Read.Documents, r.Read.Bytes, all.Documents, all.Bytes)
	}
	return nil
}
