package decontam

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/zeebo/xxh3"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// An index file is: magic; length and JSON of the head (configuration, tasks,
// counts); the items of each method, as numbers of variable length and hashes of eight bytes;
// the XXH3 hash of all before it, 16 bytes.
const magic = "HUIDECO2"

// head is the JSON at the beginning of an index file.
type head struct {
	Config Config   `json:"config"`
	Tasks  []string `json:"tasks"`
	Stats  Stats    `json:"stats"`
	Items  []int    `json:"items"` // of each method
}

// Save writes the index to a file that appears at once.
func (x *Index) Save(path string) error {
	_, err := atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		bw := bufio.NewWriterSize(w, 1<<16)
		data, err := x.encode()
		if err != nil {
			return err
		}
		sum := xxh3.Hash128(data).Bytes()
		if _, err := bw.Write(data); err != nil {
			return err
		}
		if _, err := bw.Write(sum[:]); err != nil {
			return err
		}
		return bw.Flush()
	})
	if err != nil {
		return fmt.Errorf("decontam: save the index: %w", err)
	}
	return nil
}

// encode returns the file without its checksum.
func (x *Index) encode() ([]byte, error) {
	top := head{Config: x.cfg, Tasks: x.tasks, Stats: x.stats}
	for _, p := range x.parts {
		top.Items = append(top.Items, len(p.items))
	}
	h, err := json.Marshal(top)
	if err != nil {
		return nil, err
	}
	out := append([]byte(magic), binary.AppendUvarint(nil, uint64(len(h)))...)
	out = append(out, h...)
	for _, p := range x.parts {
		for i := range p.items {
			out = p.items[i].append(out)
		}
	}
	return out, nil
}

// append appends the item to out.
func (it *indexed) append(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(it.number))
	out = binary.AppendUvarint(out, uint64(it.task))
	out = binary.AppendUvarint(out, uint64(len(it.name)))
	out = append(out, it.name...)
	flags := uint64(it.lane) << 1
	if it.weak {
		flags |= 1
	}
	out = binary.AppendUvarint(out, flags)
	out = binary.AppendUvarint(out, uint64(it.units))
	out = appendHashes(out, it.hashes)
	out = appendHashes(out, it.answer)
	out = binary.AppendUvarint(out, uint64(len(it.choices)))
	for _, c := range it.choices {
		out = appendHashes(out, c)
	}
	return out
}

func appendHashes(out []byte, list []uint64) []byte {
	out = binary.AppendUvarint(out, uint64(len(list)))
	for _, h := range list {
		out = binary.LittleEndian.AppendUint64(out, h)
	}
	return out
}

// Load reads an index file. A file that is damaged or of another version is an
// error.
func Load(path string) (*Index, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("decontam: load the index: %w", err)
	}
	x, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("decontam: load the index %s: %w; build it again from the evaluation sets", path, err)
	}
	return x, nil
}

func decode(data []byte) (*Index, error) {
	if len(data) < len(magic)+16 || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("it does not begin with %s", magic)
	}
	body := data[:len(data)-16]
	if sum := xxh3.Hash128(body).Bytes(); string(sum[:]) != string(data[len(body):]) {
		return nil, fmt.Errorf("its checksum is wrong, so it is damaged")
	}
	return decodeBody(body[len(magic):])
}

// decodeBody reads head and items.
func decodeBody(body []byte) (*Index, error) {
	r := &reader{rest: body}
	var h head
	if err := json.Unmarshal(r.bytes(r.count(1)), &h); err != nil {
		return nil, fmt.Errorf("its head is broken: %w", err)
	}
	if err := h.Config.Validate(); err != nil {
		return nil, fmt.Errorf("its configuration is broken: %w", err)
	}
	x := newIndex(h.Config)
	x.tasks, x.stats = h.Tasks, h.Stats
	if len(h.Items) != len(x.parts) {
		return nil, fmt.Errorf("it has the items of %d methods where %d look", len(h.Items), len(x.parts))
	}
	for k, p := range x.parts {
		for i := range h.Items[k] {
			it, ok := r.item(len(h.Tasks))
			if !ok {
				return nil, fmt.Errorf("item %d of %d of method %s is broken", i+1, h.Items[k], p.method)
			}
			p.items = append(p.items, it)
		}
	}
	if len(r.rest) != 0 {
		return nil, fmt.Errorf("%d bytes are left behind its last item", len(r.rest))
	}
	x.link()
	return x, nil
}

// item reads an item of one of so many tasks; false where there is none that holds
// together.
func (r *reader) item(tasks int) (indexed, bool) {
	it := indexed{number: uint32(r.number()), task: uint32(min(r.number(), uint64(tasks)))}
	it.name = string(r.bytes(r.count(1)))
	flags := r.number()
	it.lane, it.weak = uint8(flags>>1), flags&1 != 0
	it.units = uint32(min(r.number(), 1<<31))
	it.hashes, it.answer = r.hashes(), r.hashes()
	for range r.count(1) {
		it.choices = append(it.choices, r.hashes())
	}
	whole := !r.failed && int(it.task) < tasks && flags <= 3 && len(it.hashes) > 0
	return it, whole && len(distinct(append([]uint64{}, it.hashes...))) == len(it.hashes)
}

// reader takes values from the front of a byte slice; after the first that is not
// there it has failed and gives zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads a number of things of so many bytes or more each, which must still
// be there.
func (r *reader) count(size int) int {
	v := r.number()
	if v > uint64(len(r.rest)/size) {
		r.failed, r.rest = true, nil
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) hashes() []uint64 {
	n := r.count(8)
	if n == 0 {
		return nil
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(r.rest[8*i:])
	}
	r.rest = r.rest[8*n:]
	return out
}
