package source

import (
	"errors"
	"fmt"
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
	// MaxDocumentBytes rejects longer texts of JSON and Parquet records.
	MaxDocumentBytes int64 `yaml:"max_document_bytes" mapstructure:"max_document_bytes"`
	// SplitBytes cuts plain text files into documents of about this size, at
	// blank lines where there are any, then at line ends.
	SplitBytes int64 `yaml:"split_bytes" mapstructure:"split_bytes"`
	// RejectSamples is how many rejected records per file and reason are
	// offered to the reject callback; all are counted.
	RejectSamples int `yaml:"reject_samples" mapstructure:"reject_samples"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{
		TextField: "text", IDField: "id", URLField: "url", MetaField: "meta",
		MaxDocumentBytes: 16 << 20, SplitBytes: 64 << 10, RejectSamples: 20,
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
	return errors.Join(errs...)
}
