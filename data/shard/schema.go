package shard

// SchemaVersion is written into the footer of every file.
const SchemaVersion = "1"

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
	ID         string   `parquet:"id"`
	DocNo      int64    `parquet:"doc_no,delta"`
	Text       string   `parquet:"text"`
	Source     string   `parquet:"source,dict"`
	URL        string   `parquet:"url,optional"`
	FilePath   string   `parquet:"file_path,dict"`
	ByteOffset int64    `parquet:"byte_offset"`
	RawSHA     [16]byte `parquet:"raw_sha"`       // first half of SHA-256 of the text as read
	Meta       string   `parquet:"meta,optional"` // JSON; the library panics on optional columns of logical type JSON

	Language       string  `parquet:"language,dict"`
	LanguageScript string  `parquet:"language_script,dict"`
	LanguageScore  float32 `parquet:"language_score"`
	HanRatio       float32 `parquet:"han_ratio"`

	Quality    float32     `parquet:"quality"`
	Words      int32       `parquet:"words"` // words and Han characters
	DupNGram   float32     `parquet:"dup_5gram_frac"`
	DupLine    float32     `parquet:"dup_line_frac"`
	Paragraphs []Paragraph `parquet:"paragraphs,list"`

	ExactHash   int64   `parquet:"exact_hash"`
	ClusterID   int64   `parquet:"minhash_cluster_id"` // least doc_no of the cluster, -1 for none
	ClusterSize int64   `parquet:"minhash_cluster_size"`
	IsCanonical bool    `parquet:"is_canonical"`
	DupParaFrac float32 `parquet:"dup_para_frac"` // share of bytes in paragraphs seen elsewhere too

	Status       string  `parquet:"status,dict"` // kept, or the reason for dropping
	Split        string  `parquet:"split,dict"`  // train, validation, or empty for dropped ones
	SampleWeight float32 `parquet:"sample_weight"`
	TokenCount   int32   `parquet:"token_count"` // with the closing EOS; 0 for dropped ones
}

// Paragraph is a byte range of a document's text with its scores.
type Paragraph struct {
	Start    int32   `parquet:"start"`
	End      int32   `parquet:"end"`
	Quality  float32 `parquet:"quality"`
	DupCount int32   `parquet:"dup_count"` // copies in the corpus, this one included
	Flags    int32   `parquet:"flags"`
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
