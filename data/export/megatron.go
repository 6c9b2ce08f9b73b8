package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"huihai/data"
	"huihai/data/megatron"
	"huihai/data/query"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// megatron writes the tokens, and then the index, without which the tokens are
// nothing to a reader.
func (e *exporter) megatron(ctx context.Context) error {
	bin, idx := e.Output+".bin", e.Output+".idx"
	if err := errors.Join(fresh(bin), fresh(idx)); err != nil {
		return err
	}
	dtype := megatron.DTypeFor(e.manifest.VocabSize)
	e.summary.DType = dtype.String()
	var w *megatron.Writer
	fill := e.documentTokens
	if e.Unit == Rows {
		fill = e.rowTokens
	}
	err := e.write(bin, func(out io.Writer) (err error) {
		if w, err = megatron.NewWriter(out, dtype); err != nil {
			return err
		}
		if err := fill(ctx, w); err != nil {
			return err
		}
		return w.Flush()
	})
	if err != nil {
		return err
	}
	if err := e.write(idx, w.WriteIndex); err != nil {
		return errors.Join(err, os.Remove(bin))
	}
	e.summary.Sequences, e.summary.Tokens = w.Sequences(), w.Tokens()
	return nil
}

// write writes a file that appears when it is whole, and notes it.
func (e *exporter) write(path string, fill func(io.Writer) error) error {
	info, err := atomicfile.WriteFile(vfs.OS{}, path, fill)
	if err == nil {
		e.summary.Files = append(e.summary.Files, File{path, info.Size, info.SHA256})
	}
	return err
}

// kinds are the kinds of the files of the splits' rows.
func (e *exporter) kinds() []string {
	if e.Split == All {
		return []string{data.KindTokens, data.KindValidation}
	}
	return []string{kindOf(e.Split)}
}

type tokenRow struct {
	TokenIDs []int32 `parquet:"token_ids,list"`
}

func (e *exporter) rowTokens(ctx context.Context, w *megatron.Writer) error {
	if err := e.verify(ctx, e.kinds()...); err != nil {
		return err
	}
	for _, kind := range e.kinds() {
		err := query.Scan(ctx, e.dir, e.manifest, kind, func(r *tokenRow) (bool, error) {
			if err := w.Add(r.TokenIDs); err != nil {
				return false, err
			}
			w.EndDocument()
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) documentTokens(ctx context.Context, w *megatron.Writer) error {
	enc, err := e.encoder()
	if err != nil {
		return err
	}
	enc.emit = func(d *encoded) error {
		e.summary.Documents++
		for range d.copies {
			if err := w.Add(d.tokens); err != nil {
				return fmt.Errorf("document %s: %w", d.id, err)
			}
			w.EndDocument()
		}
		return nil
	}
	if err := e.eachDocument(ctx, enc.add); err != nil {
		return err
	}
	return enc.flush()
}
