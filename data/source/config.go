package source

import (
	"errors"
	"fmt"

	"huihai/data/charset"
	"huihai/data/html"
)

// Config says what to read and where the limits are.
type Config struct {
	// TextField is the JSON field or Parquet column that holds the text.
	TextField string `yaml:"text_field" mapstructure:"text_field"`
	// IDField names a field whose value identifies a record in its source; when
	// it is absent the record's offset does.
	IDField string `yaml:"id_field" mapstructure:"id_field"`
	// URLField names the field with the address a document came from.
	URLField string `yaml:"url_field" mapstructure:"url_field"`
	// MetaField names the field kept as JSON beside the document.
	MetaField string `yaml:"meta_field" mapstructure:"meta_field"`
	// KeepFields names fields of JSON and Parquet records, and columns of tables,
	// that are kept as JSON beside the document, together with the meta field.
	KeepFields []string `yaml:"keep_fields" mapstructure:"keep_fields"`
	// MaxDocumentBytes rejects longer texts of JSON and Parquet records.
	MaxDocumentBytes int64 `yaml:"max_document_bytes" mapstructure:"max_document_bytes"`
	// SplitBytes cuts plain text files into documents of about this size, at
	// blank lines where there are any, then at line ends.
	SplitBytes int64 `yaml:"split_bytes" mapstructure:"split_bytes"`
	// RejectSamples is how many rejected records per file and reason are
	// offered to the reject callback; all are counted.
	RejectSamples int `yaml:"reject_samples" mapstructure:"reject_samples"`
	// Encoding names the encoding of texts, pages and JSON that are not UTF-8;
	// empty finds it out (see data/charset).
	Encoding string `yaml:"encoding" mapstructure:"encoding"`
	// TextIsHTML says that the text field of JSON and Parquet records is a page,
	// whose text is to be taken out.
	TextIsHTML bool `yaml:"text_is_html" mapstructure:"text_is_html"`
	// HTML says how text is taken out of pages.
	HTML html.Config `yaml:"html" mapstructure:"html"`
	// MediaTypes are the types of web archive records that are read.
	MediaTypes []string `yaml:"media_types" mapstructure:"media_types"`
	// MaxRecordBytes rejects longer pages and records of web archives, before and
	// after their compression is undone.
	MaxRecordBytes int64 `yaml:"max_record_bytes" mapstructure:"max_record_bytes"`
	// MaxWindow is the largest window in bytes of Zstandard files (zstd --long=29 is
	// 512 MiB), which a task holds.
	MaxWindow int64 `yaml:"max_window" mapstructure:"max_window"`
	// MaxRejected is the share of records, from 0 to 1, that may be rejected
	// before a build fails; 1 is no limit.
	MaxRejected float64 `yaml:"max_rejected" mapstructure:"max_rejected"`
	// MaxBadFiles is how many files may be bad, damaged or missing, before a build
	// fails; -1 is no limit.
	MaxBadFiles int64 `yaml:"max_bad_files" mapstructure:"max_bad_files"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{
		TextField: "text", IDField: "id", URLField: "url", MetaField: "meta",
		MaxDocumentBytes: 16 << 20, SplitBytes: 64 << 10, RejectSamples: 20,
		HTML: html.Default(), MaxRecordBytes: 64 << 20, MaxWindow: 128 << 20, MaxRejected: 1,
		MediaTypes: []string{"text/html", "application/xhtml+xml", "text/plain"},
	}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	if c.TextField == "" {
		errs = append(errs, errors.New("text_field is empty; it must name the field or column with the text"))
	}
	if c.MaxDocumentBytes < 1 || c.MaxDocumentBytes > 1<<29 {
		errs = append(errs, fmt.Errorf("max_document_bytes is %d; it must be from 1 to %d", c.MaxDocumentBytes, 1<<29))
	}
	if c.SplitBytes < 256 || c.SplitBytes > 1<<29 {
		errs = append(errs, fmt.Errorf("split_bytes is %d; it must be from 256 to %d", c.SplitBytes, 1<<29))
	}
	if c.RejectSamples < 0 {
		errs = append(errs, fmt.Errorf("reject_samples is %d; it cannot be negative", c.RejectSamples))
	}
	if c.Encoding != "" {
		if _, err := charset.Lookup(c.Encoding); err != nil {
			errs = append(errs, fmt.Errorf("encoding is %w; leave it empty to have it found out", err))
		}
	}
	if c.MaxRecordBytes < 1 || c.MaxRecordBytes > 1<<30 {
		errs = append(errs, fmt.Errorf("max_record_bytes is %d; it must be from 1 to %d", c.MaxRecordBytes, 1<<30))
	}
	if c.MaxWindow < 1<<20 || c.MaxWindow > 1<<32 {
		errs = append(errs, fmt.Errorf("max_window is %d; it must be from %d to %d", c.MaxWindow, 1<<20, int64(1)<<32))
	}
	for i, f := range c.KeepFields {
		if f == "" {
			errs = append(errs, fmt.Errorf("keep_fields[%d] is empty; name a field", i))
		}
	}
	if !(c.MaxRejected >= 0 && c.MaxRejected <= 1) {
		errs = append(errs, fmt.Errorf("max_rejected is %g; it is a share of the records, from 0 to 1 (no limit)", c.MaxRejected))
	}
	if c.MaxBadFiles < -1 {
		errs = append(errs, fmt.Errorf("max_bad_files is %d; it must be -1 (no limit) or more", c.MaxBadFiles))
	}
	if err := c.HTML.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("html: %w", err))
	}
	return errors.Join(errs...)
}

// CheckLimits compares what was read with the limits. read counts all records,
// the rejected ones among them. The error says what to do.
func (c Config) CheckLimits(read, rejected, badFiles int64) error {
	var errs []error
	if c.MaxRejected < 1 && float64(rejected) > c.MaxRejected*float64(read) {
		errs = append(errs, fmt.Errorf("%d of %d records were rejected (%.2f%%), and max_rejected allows %.2f%%: "+
			"see the reasons and samples in the report, then mend the input, or raise source.max_rejected (1 is no limit)",
			rejected, read, 100*float64(rejected)/float64(max(read, 1)), 100*c.MaxRejected))
	}
	if c.MaxBadFiles >= 0 && badFiles > c.MaxBadFiles {
		errs = append(errs, fmt.Errorf("%d files are bad, and max_bad_files allows %d: "+
			"replace them or leave them out, or raise source.max_bad_files (-1 is no limit), and the report will name them", badFiles, c.MaxBadFiles))
	}
	return errors.Join(errs...)
}
