package memlimit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// Info is the memory that a process may use, in bytes.
type Info struct {
	Total     int64  // the machine's memory, or the limit below it
	Available int64  // what is left of it now, at most Total
	Source    string // "machine", or the group whose limit is smallest, such as "cgroup v2 /a/b"
}

// Limit returns the memory of this process on this machine. On systems without
// /proc it is an error.
func Limit() (Info, error) { return Read(os.DirFS("/")) }

// Read is [Limit] over a file system whose root is that of the machine. What it
// cannot read of the control groups sets no limit; without /proc/meminfo it is
// an error.
func Read(root fs.FS) (Info, error) {
	info, err := machine(root)
	if err != nil {
		return Info{}, fmt.Errorf("memlimit: %w", err)
	}
	for _, g := range groups(root) {
		limit, left, ok := g.read(root)
		if !ok {
			continue
		}
		// A group without room limits what is available also where another one
		// has the smaller limit.
		info.Available = min(info.Available, left)
		if limit < info.Total {
			info.Total, info.Source = limit, fmt.Sprintf("cgroup v%d %s", g.version, g.path)
		}
	}
	info.Available = max(0, min(info.Available, info.Total))
	return info, nil
}

// machine reads /proc/meminfo.
func machine(root fs.FS) (Info, error) {
	data, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return Info{}, fmt.Errorf("read /proc/meminfo: %w", err)
	}
	kB := fields(data, ":")
	total, ok := kB["MemTotal"]
	if !ok || total <= 0 || total > math.MaxInt64/1024 {
		return Info{}, errors.New("/proc/meminfo has no MemTotal")
	}
	free, ok := kB["MemAvailable"]
	if !ok { // kernels before 3.14
		free = kB["MemFree"] + kB["Buffers"] + kB["Cached"]
	}
	return Info{Total: total * 1024, Available: max(0, min(free, total)) * 1024, Source: "machine"}, nil
}

// fields reads lines of a name, what stands after it, and a number; what follows
// the number is not looked at.
func fields(data []byte, after string) map[string]int64 {
	out := map[string]int64{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		if v, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			out[strings.TrimSuffix(f[0], after)] = v
		}
	}
	return out
}

// files are the names of a version's files.
type files struct{ limit, high, usage, stat, inactive string }

var versions = map[int]files{
	1: {limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", stat: "memory.stat", inactive: "total_inactive_file"},
	2: {limit: "memory.max", high: "memory.high", usage: "memory.current", stat: "memory.stat", inactive: "inactive_file"},
}

// unlimited is the least number that means no limit: cgroup v1 writes the
// largest multiple of a page below 2^63 for it.
const unlimited = 1 << 62

// read returns the limit of a group and what is left of it, or false when it
// sets none.
func (g group) read(root fs.FS) (limit, left int64, ok bool) {
	f := versions[g.version]
	limit = number(root, g.dir+"/"+f.limit)
	if f.high != "" { // beyond it the kernel slows the group down until it gives memory back
		limit = min(limit, number(root, g.dir+"/"+f.high))
	}
	if limit >= unlimited {
		return 0, 0, false
	}
	usage := number(root, g.dir+"/"+f.usage)
	if usage >= unlimited {
		return limit, limit, true
	}
	stat, _ := fs.ReadFile(root, g.dir+"/"+f.stat) // absent: nothing can be given back
	cache := max(0, min(fields(stat, "")[f.inactive], usage))
	return limit, max(0, limit-usage+cache), true
}

// number reads a file of one number; absent, "max" and what is no number are no
// limit.
func number(root fs.FS, name string) int64 {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return unlimited
	}
	v, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil || v < 0 {
		return unlimited
	}
	return v
}
