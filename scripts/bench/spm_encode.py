#!/usr/bin/env python3
"""Run our encoder and SentencePiece's spm_encode in turns on the same text.

    go build -o out/encodelines ./tokenizer/internal/encodelines
    scripts/bench/spm_encode.py --ours out/encodelines --model tokenizer.model FILE ...

FILE is text, or JSON Lines with "text"; .gz is unpacked. spm_encode is Debian's
(apt-get install sentencepiece). Both read the lines of the text and write their
ids to a file; ours reads the text several times over, being done too soon
otherwise. The ids must be equal, or the script fails. What is compared is processor time, in which other work on the machine counts least; the time for an
empty input, which is that of loading the model, is printed apart and subtracted.
The numbers are medians over the rounds.
"""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, help="the encodelines binary")
    parser.add_argument("--spm", default="spm_encode", help="the spm_encode binary")
    parser.add_argument("--model", required=True, help="a tokenizer.model")
    parser.add_argument("--megabytes", type=float, default=4, help="of each file, at most")
    parser.add_argument("--repeat", type=int, default=20, help="how often ours reads the text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("files", nargs="+", metavar="FILE")
    return parser.parse_args()


def lines(path, limit):
    """Returns about limit bytes of text with a line feed after every line."""
    unpack = gzip.open if path.suffix == ".gz" else open
    out, size = [], 0
    with unpack(path, "rt", encoding="utf-8", newline="\n") as f:
        for line in f:
            if ".jsonl" in path.suffixes:
                line = json.loads(line)["text"] + "\n"
            out.append(line.encode())
            size += len(out[-1])
            if size >= limit:
                break
    return b"".join(out)


def seconds(command, source, target):
    """Returns the processor time of a command."""
    with open(source, "rb") as stdin, open(target, "wb") as stdout:
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"spm_encode: {' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime


def main():
    o = parse()
    commands = {"ours": [o.ours, o.model], "spm": [o.spm, "--model=" + o.model, "--output_format=id"]}
    print(f"{'text':28} {'MB':>6} {'ours MB/s':>10} {'spm MB/s':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sources = {who: folder / (who + ".txt") for who in commands}
        targets = {who: folder / (who + ".ids") for who in commands}
        for source in sources.values():
            source.write_bytes(b"")
        load = {who: [] for who in commands}
        for _ in range(o.rounds):
            for who, command in commands.items():
                load[who].append(seconds(command, sources[who], targets[who]))
        load = {who: statistics.median(times) for who, times in load.items()}
        for name in map(pathlib.Path, o.files):
            text = lines(name, o.megabytes * 1e6)
            sources["ours"].write_bytes(text * o.repeat)
            sources["spm"].write_bytes(text)
            times = {who: [] for who in commands}
            for _ in range(o.rounds):
                for who, command in commands.items():
                    times[who].append(seconds(command, sources[who], targets[who]) - load[who])
                if targets["ours"].read_bytes() != targets["spm"].read_bytes() * o.repeat:
                    sys.exit(f"spm_encode: the ids of {name} differ")
            size = len(text) / 1e6
            ours, spm = size * o.repeat / statistics.median(times["ours"]), size / statistics.median(times["spm"])
            print(f"{name.name:28} {size:6.2f} {ours:10.1f} {spm:9.2f} {ours / spm:6.1f}", flush=True)
        print(f"loading the model: ours {load['ours']:.2f} s, spm_encode {load['spm']:.2f} s")


if __name__ == "__main__":
    main()
