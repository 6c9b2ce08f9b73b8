package memlimit

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// group is one control group of the process's memory, as it can be read.
type group struct {
	version int
	path    string // as the kernel names it in the hierarchy
	dir     string // its folder below the root
}

// hierarchy is a mounted tree of control groups.
type hierarchy struct {
	version int
	root    string // the group that is mounted
	at      string // where, from the root of the machine
}

// groups returns the process's own groups and those above them that can be
// reached, the innermost first.
func groups(root fs.FS) []group {
	own := ownGroups(root)
	var out []group
	for _, h := range hierarchies(root) {
		p, ok := own[h.version]
		if !ok {
			continue
		}
		below, ok := h.below(p)
		if !ok {
			// The process is in a group outside of what is mounted here, as in a
			// container without a cgroup namespace: the mount is its own group.
			below = "/"
		}
		for {
			g := group{h.version, path.Join(h.root, below), strings.TrimPrefix(path.Join(h.at, below), "/")}
			if info, err := fs.Stat(root, g.dir); err == nil && info.IsDir() && !slices.Contains(out, g) {
				out = append(out, g)
			}
			if below == "/" {
				break
			}
			below = path.Dir(below)
		}
	}
	return out
}

// below returns the part of a group's path under what is mounted.
func (h hierarchy) below(p string) (string, bool) {
	if h.root == "/" {
		return p, true
	}
	rest, ok := strings.CutPrefix(p, h.root)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return path.Join("/", rest), true
}

// ownGroups reads /proc/self/cgroup: the path of the process's group for memory,
// by version.
func ownGroups(root fs.FS) map[int]string {
	data, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	out := map[int]string{}
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			continue
		}
		// A path that leads upward is that of a group outside the namespace;
		// from here it is the root.
		p := path.Clean(f[2])
		if strings.HasPrefix(f[2], "/..") {
			p = "/"
		}
		switch {
		case f[0] == "0" && f[1] == "":
			out[2] = p
		case slices.Contains(strings.Split(f[1], ","), "memory"):
			out[1] = p
		}
	}
	return out
}

// hierarchies reads /proc/self/mountinfo for trees that may govern memory.
func hierarchies(root fs.FS) []hierarchy {
	data, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var out []hierarchy
	for line := range strings.Lines(string(data)) {
		// "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw": optional fields
		// stand before the dash.
		left, right, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		f, kind := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(kind) < 3 {
			continue
		}
		h := hierarchy{root: unescape(f[3]), at: unescape(f[4])}
		switch {
		case kind[0] == "cgroup2":
			h.version = 2
		case kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "memory"):
			h.version = 1
		default:
			continue
		}
		if strings.HasPrefix(h.root, "/..") {
			h.root = "/"
		}
		if path.IsAbs(h.root) && path.IsAbs(h.at) {
			out = append(out, h)
		}
	}
	return out
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
