package shard

import "strings"

// SchemaVersion is written into the footer of every file.
const SchemaVersion = "2"

// Footer keys.
const (
	KeySchema    = "huihai.schema"      // SchemaVersion
	KeyKind      = "huihai.kind"        // documents or tokens
	KeyConfig    = "huihai.config_hash" // of the build
	KeyTokenizer = "huihai.tokenizer_sha256"
	KeyRows      = "huihai.rows"
	KeyMinDoc    = "huihai.min_doc_no"
	KeyMaxDoc    = "huihai.max_doc_no"
)

// NoDocument is the doc_no of padding.
const NoDocument = -1

// Document is a row of documents/.
type Document struct {
	ID         string   `parquet:"id" json:"id"`
	SourceID   string   `parquet:"source_id,optional" json:"source_id,omitempty"` // that the record itself has
	DocNo      int64    `parquet:"doc_no,delta" json:"doc_no"`
	Text       string   `parquet:"text" json:"text"`
	Source     string   `parquet:"source,dict" json:"source"`
	URL        string   `parquet:"url,optional" json:"url,omitempty"`
	FilePath   string   `parquet:"file_path,dict" json:"file_path"`
	ByteOffset int64    `parquet:"byte_offset" json:"byte_offset"`
	RawSHA     [16]byte `parquet:"raw_sha" json:"-"`                    // first half of SHA-256 of the text as read
	Meta       string   `parquet:"meta,optional" json:"meta,omitempty"` // JSON; the library panics on optional columns of logical type JSON

	Language       string  `parquet:"language,dict" json:"language"`
	LanguageScript string  `parquet:"language_script,dict" json:"language_script"`
	LanguageScore  float32 `parquet:"language_score" json:"language_score"`
	HanRatio       float32 `parquet:"han_ratio" json:"han_ratio"`
	Scripts        []Share `parquet:"scripts,list" json:"scripts"` // of letters, the largest first

	Quality    float32  `parquet:"quality" json:"quality"`
	Perplexity float32  `parquet:"perplexity,optional" json:"perplexity,omitempty"` // under the n-gram model, where one was given
	Classifier float32  `parquet:"classifier,optional" json:"classifier,omitempty"` // probability of the label asked for, where a model was given
	Safety     float32  `parquet:"safety" json:"safety"`                            // 1 is safe
	Words      int32    `parquet:"words" json:"words"`                              // words and Han characters
	DupNGram   float32  `parquet:"dup_5gram_frac" json:"dup_5gram_frac"`
	DupLine    float32  `parquet:"dup_line_frac" json:"dup_line_frac"`
	Signals    []Signal `parquet:"signals,list" json:"signals,omitempty"` // measures, where asked for
	Paragraphs []Span   `parquet:"paragraphs,list" json:"paragraphs"`
	Sentences  []Span   `parquet:"sentences,list" json:"sentences"`

	ExactHash   int64   `parquet:"exact_hash" json:"exact_hash"`
	ClusterID   int64   `parquet:"minhash_cluster_id" json:"minhash_cluster_id"` // least doc_no of the cluster, -1 for none
	ClusterSize int64   `parquet:"minhash_cluster_size" json:"minhash_cluster_size"`
	IsCanonical bool    `parquet:"is_canonical" json:"is_canonical"`
	DupParaFrac float32 `parquet:"dup_para_frac" json:"dup_para_frac"` // share of bytes in paragraphs seen elsewhere too
	SemCluster  int32   `parquet:"sem_cluster" json:"sem_cluster"`     // cluster of dense features, -1 for none
	SemSim      float32 `parquet:"sem_sim" json:"sem_sim"`             // greatest cosine to a better document of it

	PIICount    int32   `parquet:"pii_count" json:"pii_count"` // personal data found, and masked where asked for
	ContamTask  string  `parquet:"contam_task,dict" json:"contam_task,omitempty"`
	ContamItem  string  `parquet:"contam_item,dict" json:"contam_item,omitempty"`
	ContamScore float32 `parquet:"contam_score" json:"contam_score,omitempty"`

	Removed []Removed `parquet:"removed,list" json:"removed,omitempty"` // what was cut out of the text

	Status       string  `parquet:"status,dict" json:"status"` // kept, or the reason for dropping
	Split        string  `parquet:"split,dict" json:"split"`   // train, validation, or empty for dropped ones
	SampleWeight float32 `parquet:"sample_weight" json:"sample_weight"`
	Copies       int32   `parquet:"copies" json:"copies"`           // how often it stands in the rows
	TokenCount   int32   `parquet:"token_count" json:"token_count"` // with the closing EOS; 0 for dropped ones
}

// Share is a script's part of the letters.
type Share struct {
	Script string  `parquet:"script,dict" json:"script"` // ISO 15924
	Share  float32 `parquet:"share" json:"share"`
}

// Signal is a measure of a text by its name.
type Signal struct {
	Name  string  `parquet:"name,dict" json:"name"`
	Value float32 `parquet:"value" json:"value"`
}

// Removed is a piece that was cut out of a text; see [Document.Original].
type Removed struct {
	At     int32  `parquet:"at" json:"at"` // byte offset in the text that is left
	Reason string `parquet:"reason,dict" json:"reason"`
	Text   string `parquet:"text" json:"text"`
}

// Original returns the text before pieces were cut out of it.
func (d *Document) Original() string {
	if len(d.Removed) == 0 {
		return d.Text
	}
	var b strings.Builder
	at := int32(0)
	for _, r := range d.Removed { // in the order of their places
		b.WriteString(d.Text[at:r.At])
		b.WriteString(r.Text)
		at = r.At
	}
	b.WriteString(d.Text[at:])
	return b.String()
}

// Span is a paragraph or a sentence: a byte range of a document's text with its
// scores.
type Span struct {
	Start    int32   `parquet:"start" json:"start"`
	End      int32   `parquet:"end" json:"end"`
	Quality  float32 `parquet:"quality" json:"quality"`
	DupCount int32   `parquet:"dup_count" json:"dup_count"` // copies in the corpus, this one included
	Flags    int32   `parquet:"flags" json:"flags"`
}

// TokenRow is a row of tokens/ or validation/.
type TokenRow struct {
	SeqNo     int64   `parquet:"seq_no"`
	TokenIDs  []int32 `parquet:"token_ids,list"`
	DocNos    []int64 `parquet:"doc_nos,list"`
	DocStarts []int32 `parquet:"doc_starts,list"`
	Source    string  `parquet:"source,dict"`
	Weight    float32 `parquet:"weight"`
}
