package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// shardIndex is model.safetensors.index.json.
type shardIndex struct {
	totalSize int64 // -1 when absent or not a whole number
	shards    []shardFiles
}

// shardFiles is one shard and the tensors the index puts into it, sorted.
type shardFiles struct {
	name    string
	tensors []string
}

// parseIndex reads an index. Shard names must be plain file names: an index is
// downloaded, and must not lead out of its folder.
func parseIndex(data []byte) (*shardIndex, error) {
	var raw struct {
		Metadata struct {
			TotalSize json.RawMessage `json:"total_size"`
		} `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(withoutBOM(data), &raw); err != nil {
		return nil, fmt.Errorf("not a valid index: %w", err)
	}
	if len(raw.WeightMap) == 0 {
		return nil, errors.New("weight_map is missing or empty")
	}
	index := &shardIndex{totalSize: -1}
	if len(raw.Metadata.TotalSize) > 0 {
		// Some tools write a float here, or a count of parameters.
		if json.Unmarshal(raw.Metadata.TotalSize, &index.totalSize) != nil {
			index.totalSize = -1
		}
	}
	byShard := map[string][]string{}
	for tensor, shard := range raw.WeightMap {
		if shard != filepath.Base(shard) || !filepath.IsLocal(shard) || strings.ContainsAny(shard, "/\\\x00") || !strings.HasSuffix(shard, ".safetensors") {
			return nil, fmt.Errorf("weight_map puts tensor %q into %q; it must be the name of a .safetensors file in the same folder", tensor, shard)
		}
		byShard[shard] = append(byShard[shard], tensor)
	}
	for name, tensors := range byShard {
		slices.Sort(tensors)
		index.shards = append(index.shards, shardFiles{name, tensors})
	}
	slices.SortFunc(index.shards, func(a, b shardFiles) int { return strings.Compare(a.name, b.name) })
	return index, nil
}

// withoutBOM drops the byte-order mark that some editors put before a text.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// encode returns the file's bytes, as the Hugging Face libraries lay it out.
func (x *shardIndex) encode() ([]byte, error) {
	weightMap := map[string]string{}
	for _, s := range x.shards {
		for _, t := range s.tensors {
			weightMap[t] = s.name
		}
	}
	return encodeJSON(map[string]any{
		"metadata":   map[string]any{"total_size": x.totalSize},
		"weight_map": weightMap,
	})
}

// encodeJSON indents by two spaces and ends with a newline, keeping < and > as
// they are. Maps are sorted by key.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
