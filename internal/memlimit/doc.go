// Package memlimit tells how much memory this process may use: that of the
// machine, or the smallest limit of the control groups it is in.
//
// It owns the reading of /proc and of the hierarchies of cgroup v1 and v2, also
// nested and side by side. It must not know what the memory is for.
//
// A limit is that of the process's own group or of any group above it, whichever
// is smallest; groups above what a container sees cannot be read and do not
// count. Page cache that the kernel gives back on demand (inactive_file) counts
// as available. Formats: the kernel's admin-guide/cgroup-v1/memory.rst,
// admin-guide/cgroup-v2.rst, proc_cgroups(7) and proc_pid_mountinfo(5).
package memlimit
