package memlimit

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	giB     = int64(1) << 30
	meminfo = "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\nBuffers: 10 kB\n"
	v2Mount = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
	v1Mount = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	hybrid  = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
		v1Mount + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)

// gb writes gibibytes as the kernel does.
func gb(n int64) string { return strconv.FormatInt(n*giB, 10) }

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  Info
	}{
		"no groups": {nil, Info{16 * giB, 8 * giB, "machine"}},
		"v2": {map[string]string{
			"proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/job/memory.max": gb(4) + "\n", "sys/fs/cgroup/job/memory.current": gb(3) + "\n",
			"sys/fs/cgroup/job/memory.stat": "anon 5\nfile 7\ninactive_file " + gb(2) + "\nactive_file 1\n",
		}, Info{4 * giB, 3 * giB, "cgroup v2 /job"}},
		"v2 nested, an ancestor is the narrowest": {map[string]string{
			"proc/self/cgroup": "0::/slice/pod/box\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/slice/pod/box/memory.max": "max\n",
			"sys/fs/cgroup/slice/pod/memory.max":     gb(2), "sys/fs/cgroup/slice/pod/memory.current": gb(1),
			"sys/fs/cgroup/slice/memory.max": gb(6), "sys/fs/cgroup/slice/memory.current": gb(1),
		}, Info{2 * giB, giB, "cgroup v2 /slice/pod"}},
		"v2 nested, an ancestor is the fullest": {map[string]string{
			"proc/self/cgroup": "0::/slice/box\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/slice/box/memory.max": gb(2), "sys/fs/cgroup/slice/box/memory.current": "0",
			"sys/fs/cgroup/slice/memory.max": gb(6), "sys/fs/cgroup/slice/memory.current": gb(6),
		}, Info{2 * giB, 0, "cgroup v2 /slice/box"}},
		"v2 high": {map[string]string{
			"proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/job/memory.max": gb(4), "sys/fs/cgroup/job/memory.high": gb(3), "sys/fs/cgroup/job/memory.current": gb(1),
		}, Info{3 * giB, 2 * giB, "cgroup v2 /job"}},
		"v2 namespace": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/memory.max": gb(5), "sys/fs/cgroup/memory.current": gb(1),
		}, Info{5 * giB, 4 * giB, "cgroup v2 /"}},
		"v2 mounted at the container's group": {map[string]string{
			"proc/self/cgroup": "0::/docker/abc\n", "proc/self/mountinfo": "31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			"sys/fs/cgroup/memory.max": gb(5), "sys/fs/cgroup/memory.current": gb(1),
		}, Info{5 * giB, 4 * giB, "cgroup v2 /docker/abc"}},
		"v1": {map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/a/b\n", "proc/self/mountinfo": v1Mount,
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": gb(4), "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": gb(2),
			"sys/fs/cgroup/memory/a/b/memory.stat":         "inactive_file 4\ntotal_inactive_file " + gb(1) + "\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		}, Info{4 * giB, 3 * giB, "cgroup v1 /a/b"}},
		"v1 unlimited": {map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "proc/self/mountinfo": v1Mount,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": gb(2),
		}, Info{16 * giB, 8 * giB, "machine"}},
		"v1 in a container without a namespace": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/abc\n",
			"proc/self/mountinfo":                        "35 31 0:32 /docker/other /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": gb(3), "sys/fs/cgroup/memory/memory.usage_in_bytes": gb(1),
		}, Info{3 * giB, 2 * giB, "cgroup v1 /docker/other"}},
		"hybrid": {map[string]string{
			"proc/self/cgroup": "4:memory:/job\n1:cpu:/\n0::/job\n", "proc/self/mountinfo": hybrid,
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": gb(1), "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "0",
			"sys/fs/cgroup/unified/job/cgroup.procs": "",
		}, Info{giB, giB, "cgroup v1 /job"}},
		"above the machine": {map[string]string{
			"proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/job/memory.max": gb(100), "sys/fs/cgroup/job/memory.current": gb(95),
		}, Info{16 * giB, 5 * giB, "machine"}},
		"a mount with a space": {map[string]string{
			"proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": `31 23 0:28 / /my\040groups rw - cgroup2 cgroup2 rw` + "\n",
			"my groups/job/memory.max": gb(2), "my groups/job/memory.current": "0",
		}, Info{2 * giB, 2 * giB, "cgroup v2 /job"}},
		"broken": {map[string]string{
			"proc/self/cgroup": "\n::\n0::\n0:/\n0::relative\n4:memory:/a\n0::/../../x\n", "proc/self/mountinfo": "x\n1 2 3 - \n" + v2Mount + v1Mount,
			"sys/fs/cgroup/memory.max": "much\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "-1", "sys/fs/cgroup/memory.stat": "inactive_file\n\nx y z\n",
		}, Info{16 * giB, 8 * giB, "machine"}},
		"usage alone is broken": {map[string]string{
			"proc/self/cgroup": "0::/job", "proc/self/mountinfo": strings.TrimSpace(v2Mount), "sys/fs/cgroup/job/memory.max": gb(1),
		}, Info{giB, giB, "cgroup v2 /job"}},
	} {
		root := fstest.MapFS{"proc/meminfo": {Data: []byte(meminfo)}}
		for path, data := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(data)}
		}
		if got, err := Read(root); err != nil || got != c.want {
			t.Errorf("%s: %+v (%v), want %+v", name, got, err, c.want)
		}
	}
}

func TestReadWithoutMeminfo(t *testing.T) {
	for _, data := range []string{"", "MemTotal: 0 kB\n", "MemTotal: lots\n"} {
		root := fstest.MapFS{"proc/meminfo": {Data: []byte(data)}}
		if info, err := Read(root); err == nil {
			t.Errorf("%q gave %+v", data, info)
		}
	}
	if _, err := Read(fstest.MapFS{}); err == nil {
		t.Error("no /proc gave no error")
	}
	old := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 7 kB\n")}}
	if got, err := Read(old); err != nil || got != (Info{100 << 10, 22 << 10, "machine"}) {
		t.Errorf("a kernel without MemAvailable: %+v (%v)", got, err)
	}
}

func TestLimitOfThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /proc")
	}
	if got, err := Limit(); err != nil || got.Total <= 0 || got.Available < 0 || got.Available > got.Total || got.Source == "" {
		t.Errorf("%+v (%v)", got, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("0::/a/b\n", v2Mount, "5\n", "inactive_file 3\n")
	f.Add("4:memory:/a\n", hybrid, "max", "")
	f.Fuzz(func(t *testing.T, cgroup, mountinfo, limit, stat string) {
		root := fstest.MapFS{"proc/meminfo": {Data: []byte(meminfo)}}
		for _, name := range []string{"proc/self/cgroup", "proc/self/mountinfo"} {
			root[name] = &fstest.MapFile{Data: []byte(map[bool]string{true: cgroup, false: mountinfo}[name == "proc/self/cgroup"])}
		}
		for _, dir := range []string{"sys/fs/cgroup/", "sys/fs/cgroup/a/", "sys/fs/cgroup/memory/a/"} {
			for _, name := range []string{"memory.max", "memory.current", "memory.limit_in_bytes", "memory.usage_in_bytes"} {
				root[dir+name] = &fstest.MapFile{Data: []byte(limit)}
			}
			root[dir+"memory.stat"] = &fstest.MapFile{Data: []byte(stat)}
		}
		got, err := Read(root)
		if err != nil || got.Total < 0 || got.Total > 16*giB || got.Available < 0 || got.Available > got.Total {
			t.Fatalf("%+v (%v)", got, err)
		}
	})
}
