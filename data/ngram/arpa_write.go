package ngram

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// SaveARPA writes the model as an ARPA file, compressed where path ends in .gz.
// The values are those before quantising.
func (b *Built) SaveARPA(path string) error {
	_, err := atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		if !strings.HasSuffix(path, ".gz") {
			return b.WriteARPA(w)
		}
		z := gzip.NewWriter(w)
		if err := b.WriteARPA(z); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return fmt.Errorf("ngram: save the model as ARPA: %w", err)
	}
	return nil
}

// WriteARPA writes the model as an ARPA file: n-grams in suffix order, base-10
// logarithms as short as float32 allows, a backoff on all orders but the
// highest, and 0 for the probability of <s>, as KenLM writes it.
func (b *Built) WriteARPA(w io.Writer) error {
	for _, word := range b.words {
		if word == "" || strings.ContainsAny(word, " \t\n\r\x00") {
			return fmt.Errorf("the word %q cannot stand in an ARPA file, whose words are parted by blanks; keep the binary model", word)
		}
	}
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprint(out, "\\data\\\n")
	for i, g := range b.grams {
		fmt.Fprintf(out, "ngram %d=%d\n", i+1, g.count)
	}
	for i, g := range b.grams {
		fmt.Fprintf(out, "\n\\%d-grams:\n", i+1)
		src, err := g.stream()
		if err != nil {
			return err
		}
		if err := b.arpaOrder(out, src, i+1); err != nil {
			return err
		}
	}
	fmt.Fprint(out, "\n\\end\\\n")
	return out.Flush()
}

func (b *Built) arpaOrder(out *bufio.Writer, src stream, n int) error {
	var line []byte
	return each(src, func(r *record) error {
		e := entry(r.a)
		line = strconv.AppendFloat(line[:0], float64(e.prob()), 'g', -1, 32)
		for i := n - 1; i >= 0; i-- {
			part := byte(' ')
			if i == n-1 {
				part = '\t'
			}
			line = append(append(line, part), b.words[r.key.word(i)]...)
		}
		if n < len(b.grams) {
			line = append(line, '\t')
			line = strconv.AppendFloat(line, float64(e.backoff()+0), 'g', -1, 32)
		}
		_, err := out.Write(append(line, '\n'))
		return err
	})
}
