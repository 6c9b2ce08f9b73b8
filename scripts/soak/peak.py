#!/usr/bin/env python3
"""Runs a command and tells its peak resident memory by stage.

    peak.py [--json FILE] train data build --input ... --output ...

A stage is over when its line of progress ("gather  1.2s  ...") comes on standard
error; the kernel's mark of the peak (VmHWM) is read there and set back. The counts
are of Linux: anonymous and file-backed pages that are resident, the binary's own
included. Standard output goes where it went.
"""
import json
import re
import subprocess
import sys
import time

STAGE = re.compile(r"^\s*([a-z]+)\s+([0-9.]+m?[0-9.]*s)\s+(.*)$")


def peak_kib(pid):
    """Peak of the process since the last reset, in KiB; None once it is gone."""
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def reset(pid):
    try:
        with open(f"/proc/{pid}/clear_refs", "w") as f:
            f.write("5")
    except OSError:
        pass


def main():
    args = sys.argv[1:]
    out = None
    if args[:1] == ["--json"]:
        out, args = args[1], args[2:]
    if not args:
        sys.exit(__doc__)
    start = time.monotonic()
    p = subprocess.Popen(args, stderr=subprocess.PIPE, text=True, bufsize=1)
    rows, worst = [], 0
    for line in p.stderr:
        sys.stderr.write(line)
        m = STAGE.match(line)
        kib = peak_kib(p.pid)
        if m and kib is not None:
            rows.append({"stage": m[1], "seconds": m[2], "peak_mib": round(kib / 1024), "summary": m[3]})
            reset(p.pid)
        worst = max(worst, kib or 0)
    code = p.wait()
    result = {"exit": code, "seconds": round(time.monotonic() - start, 1), "peak_mib": round(worst / 1024), "stages": rows}
    for r in rows:
        print(f"{r['stage']:12} {r['peak_mib']:6} MiB  {r['seconds']:>8}  {r['summary']}", file=sys.stderr)
    print(f"peak         {result['peak_mib']:6} MiB  {result['seconds']}s", file=sys.stderr)
    if out:
        with open(out, "w") as f:
            json.dump(result, f, indent=1)
    sys.exit(code)


if __name__ == "__main__":
    main()
