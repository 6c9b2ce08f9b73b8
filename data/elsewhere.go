package data

import (
	"fmt"
	"path/filepath"
)

// Portable returns the configuration with the paths that workers open made
// absolute, so that processes which start in other folders mean the same files.
// Inputs stay as they are: stage list, which runs where the build was started,
// resolves them for all.
func (c BuildConfig) Portable() (BuildConfig, error) {
	for _, path := range []*string{&c.Output, &c.Tokenizer} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return c, fmt.Errorf("data: %s: %w", *path, err)
		}
		*path = abs
	}
	return c, nil
}

// exchangeMemory bounds the records that [WriteExchange] holds.
const exchangeMemory = 64 << 20

// WriteExchange stores the records of one partition of a stage of cfg's build,
// for engines that carry records themselves ([WithElsewhere], [WithSink]). next
// yields the partition's blocks, in any order, and false at the end. It must be
// called for every partition, of empty ones with no block.
func WriteExchange(cfg BuildConfig, stage string, partition int, next func() ([]byte, bool)) error {
	b := newBuilder(cfg, nil, nil)
	if err := b.engine.WriteExchange(stage, partition, exchangeMemory, next); err != nil {
		return fmt.Errorf("data: stage %s, records of partition %d: %w", stage, partition, err)
	}
	return nil
}
