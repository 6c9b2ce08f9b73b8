#!/usr/bin/env python3
"""Compare making a data set with the Python programs for it, on one core.

    scripts/bench/data_compare.py --train out/train --python PYTHON --data shared/data
    scripts/bench/data_compare.py ... --language zh --megabytes 20
    scripts/bench/data_compare.py ... --steps          signatures, heuristics, tokenizer
    scripts/bench/data_compare.py ... --ftfy --exact   datatrove cleans, and drops exact copies, too

PYTHON is an interpreter with what data_peer.py names; spm_encode is Debian's package
sentencepiece; Go is needed for --steps. The corpus is that of data_corpus.py and, like
the token files, lies in a temporary folder (--work keeps it).

The whole pipeline is: read gzipped JSON Lines, clean, Gopher's repetition and quality
rules, C4's and FineWeb's (Chinese: FineWeb-2's), MinHash with 14 bands of 8 hashes of
5 words, tokenise, write shuffled tokens. "ours" has the rules, line rules and hashes
of datatrove and nothing more, except what it cannot leave out: languages, quality,
the exact hash, the table of all documents; "ours, defaults" is `train data build` as
it comes. Each round runs all in turn, each in a process of its own on one core.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
RULES = {"en": ["gopher_repetition_datatrove", "gopher_quality_datatrove", "c4", "fineweb"], "zh": ["zh_fineweb2"]}
QUIET = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="the train binary")
    parser.add_argument("--python", required=True, help="a Python interpreter with datatrove")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the folder of shared reference data")
    parser.add_argument("--language", choices=sorted(RULES), default="en")
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0, help="the core that everything runs on")
    parser.add_argument("--steps", action="store_true", help="compare single steps, not the pipeline")
    parser.add_argument("--ftfy", action="store_true", help="datatrove cleans the text, as ours does")
    parser.add_argument("--exact", action="store_true", help="datatrove looks for exact copies, as ours does")
    parser.add_argument("--work", type=pathlib.Path, help="a new folder for the corpus and all output, which stays")
    parser.add_argument("--go", default="go")
    parser.add_argument("--json", action="store_true", help="print JSON")
    o = parser.parse_args()
    if o.rounds < 1:
        parser.error("--rounds must be at least 1")
    o.model = str((o.data / "tokenizers/baichuan2/tokenizer.model").resolve())
    return o


def run(o, command, **extra):
    """Runs a command on one core and returns what it printed and what it took."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begin = time.perf_counter()
        try:
            child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                     env={**os.environ, **QUIET, **extra}, preexec_fn=lambda: os.sched_setaffinity(0, {o.core}))
        except OSError as e:
            sys.exit(f"data_compare: cannot run {command[0]}: {e}")
        _, status, used = os.wait4(child.pid, 0)  # of the process and those it waited for
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if child.returncode != 0:
            sys.exit(f"data_compare: {' '.join(map(str, command))} failed with exit code {child.returncode}:\n{err.read()[-4000:]}")
        return out.read(), {"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_rss_bytes": used.ru_maxrss * 1024}


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def peer(o, *arguments):
    return [o.python, HERE / "data_peer.py", *arguments]


def matched(o, texts, output):
    """Our configuration without what datatrove has no step for."""
    c4 = o.language == "en"
    lines = {"citations": True, "boilerplate": "c4", "boilerplate_keep": ["c4_terminal"]} if c4 else {}
    # FineWeb-2's bounds are for n-grams of words; ours are of characters, which repeat
    # more. They are measured but must not bind, or less would be left to tokenise.
    grams = [f"zh_fineweb2_top_{n}gram" for n in (2, 3, 4)] + [f"zh_fineweb2_dup_{n}gram" for n in range(5, 11)]
    bounds = {} if c4 else {name: {"max": 1} for name in grams}
    off = {"action": "off"}
    kinds = ("secret", "email", "id_card", "ip", "phone", "bank_card", "plate", "passport", "qq", "wechat")
    return {"data": {
        "inputs": [str(texts)], "output": str(output), "tokenizer": o.model, "workers": 1,
        "clean": {"entities": True, "mojibake": True, **lines},
        "pii": {kind: "off" for kind in kinds},
        "score": {"weights": {"fluency": 0, "page": 0}, "rule_sets": {language: RULES[o.language] for language in ("en", "zh", "code", "other")}, "bounds": bounds},
        "safety": {"builtin": []},
        "dedup": {"verify": False, "chain": "transitive", "bands": 14, "rows": 8, "fold_digits": True, "numbers": 0},
        "paragraphs": off, "sentences": off,
    }}


def compare_pipelines(o, work, corpus):
    texts = work / "corpus/texts"
    config = work / "matched.json"  # JSON is YAML
    output = work / "output"
    config.write_text(json.dumps(matched(o, texts, output)))
    flags = ["--language", o.language] + ["--ftfy"] * o.ftfy + ["--exact"] * o.exact
    commands = {
        "ours": [o.train, "data", "build", "--config", config],
        "ours, defaults": [o.train, "data", "build", "--input", texts, "--tokenizer", o.model, "--workers", 1, "--output", output],
        "datatrove": peer(o, "build", "--texts", texts, "--tokenizer", work / "tokenizer.json", "--work", output, *flags),
    }
    runs = {name: [] for name in commands}
    for number in range(o.rounds):
        for name, command in commands.items():
            print(f"round {number + 1} of {o.rounds}: {name}", file=sys.stderr)
            shutil.rmtree(output, ignore_errors=True)
            printed, took = run(o, command)
            result = last_json(printed)
            if name != "datatrove":
                if result["read"]["documents"] != corpus["documents"]:
                    sys.exit(f"data_compare: {name} read {result['read']['documents']} of {corpus['documents']} documents")
                result = {"kept": result["kept"]["documents"], "tokens": sum(s["tokens"] for s in result["splits"]), "stages": result["seconds"],
                          "dropped": {k: v["documents"] for k, v in result["dropped"].items()}}
            runs[name].append({**took, **result})
    shutil.rmtree(output, ignore_errors=True)
    rows = []
    for name, results in runs.items():
        middle = {k: statistics.median(r[k] for r in results) for k in ("seconds", "cpu_seconds", "peak_rss_bytes")}
        rows.append({
            "who": name, **middle, "mb_per_second": corpus["text_bytes"] / middle["seconds"] / 1e6, "mb_per_cpu_second": corpus["text_bytes"] / middle["cpu_seconds"] / 1e6,
            "speed_ratio": ratio(runs["ours"], results, "seconds"), "cpu_ratio": ratio(runs["ours"], results, "cpu_seconds"),
            "memory_ratio": ratio(runs["ours"], results, "peak_rss_bytes"), **{k: v for k, v in results[0].items() if k not in middle},
        })
    return {"corpus": corpus, "rounds": o.rounds, "ftfy": o.ftfy, "exact": o.exact, "results": rows}


def ratio(ours, theirs, key):
    """How many times more of key they take, the median over the rounds."""
    return statistics.median(b[key] / a[key] for a, b in zip(ours, theirs))


def bench(o, binary, texts):
    """Our steps, from the Go benchmark: MB/s and what each counted."""
    printed, _ = run(o, [binary, "-test.run", "^$", "-test.bench", "^BenchmarkPeer$", "-test.benchtime", "1x", "-test.cpu", "1"],
                     HUIHAI_BENCH_INPUT=str(texts), HUIHAI_BENCH_TOKENIZER=o.model, HUIHAI_BENCH_RULES=",".join(RULES[o.language]))
    found = re.findall(r"^BenchmarkPeer/(\w+)\s+\d+\s+\S+ ns/op\s+(\S+) MB/s(?:\s+(\S+) (\w+))?", printed, re.M)
    if [f[0] for f in found] != ["signatures", "heuristics", "encode"]:
        sys.exit(f"data_compare: the benchmark printed:\n{printed}")
    return {step: {"mb_per_second": float(speed), **({unit: int(float(count))} if unit else {})} for step, speed, count, unit in found}


def whole_lines(work, texts):
    """The lines of the texts for spm_encode, and the same as JSON Lines for ours."""
    import gzip

    size = 0
    with open(work / "lines.txt", "w", encoding="utf-8") as plain, open(work / "lines.jsonl", "w", encoding="utf-8") as rows:
        for path in sorted(texts.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as f:
                for record in f:
                    for line in json.loads(record)["text"].split("\n"):
                        line = line.replace("\r", "").replace("\0", "")
                        if line:
                            plain.write(line + "\n")
                            rows.write(json.dumps({"text": line}, ensure_ascii=False) + "\n")
                            size += len(line.encode())
    return size


def programs(o, work, size):
    """spm_encode and our verb as a person runs them, on the same lines; both must give the same ids."""
    theirs, a = run(o, ["spm_encode", "--model", o.model, "--output_format", "id", "--input", work / "lines.txt"])
    ours, b = run(o, [o.train, "tokenizer", "encode", "--model", o.model, "--input", work / "lines.jsonl"])
    theirs = [line.split() for line in theirs.splitlines()]
    ours = [[str(i) for i in json.loads(line)["ids"]] for line in ours.splitlines()]
    differ = sum(x != y for x, y in zip(ours, theirs)) + abs(len(ours) - len(theirs))
    count = sum(map(len, ours))
    return ({"mb_per_second": size / b["seconds"] / 1e6, "tokens": count, **b},
            {"mb_per_second": size / a["seconds"] / 1e6, "tokens": sum(map(len, theirs)), "lines_that_differ": differ, **a})


def compare_steps(o, work, corpus):
    texts, binary = work / "corpus/texts", work / "data.test"
    subprocess.run([o.go, "test", "-c", "-o", binary, "./data"], check=True, cwd=HERE.parent.parent, stdout=sys.stderr)
    size = whole_lines(work, texts)
    common = ["--texts", texts, "--language", o.language]
    peers = {
        ("signatures", "datatrove"): ["signatures", "--peer", "datatrove", *common],
        ("signatures", "text-dedup"): ["signatures", "--peer", "text-dedup", *common],
        ("heuristics", "datatrove"): ["heuristics", *common],
        ("encode", "tokenizers"): ["encode", "--peer", "tokenizers", "--tokenizer", work / "tokenizer.json", *common],
        ("encode", "sentencepiece"): ["encode", "--peer", "sentencepiece", "--tokenizer", o.model, *common],
    }
    ours, theirs = {}, {}
    for number in range(o.rounds):
        print(f"round {number + 1} of {o.rounds}", file=sys.stderr)
        for step, result in bench(o, binary, texts).items():
            ours.setdefault(step, []).append(result)
        for (step, who), arguments in peers.items():
            theirs.setdefault((step, who), []).append(last_json(run(o, peer(o, *arguments))[0]))
        a, b = programs(o, work, size)
        ours.setdefault("encode, whole program", []).append(a)
        theirs.setdefault(("encode, whole program", "spm_encode"), []).append(b)
    rows = []
    for (step, who), results in theirs.items():
        counts = {k: [r[0].get(k) for r in (ours[step], results)] for k in ("kept", "tokens") if k in results[0]}
        rows.append({
            "step": step, "who": who, "ours_mb_per_second": statistics.median(r["mb_per_second"] for r in ours[step]),
            "mb_per_second": statistics.median(r["mb_per_second"] for r in results),
            "speed_ratio": statistics.median(a["mb_per_second"] / b["mb_per_second"] for a, b in zip(ours[step], results)),
            "counts": counts, "lines_that_differ": results[0].get("lines_that_differ"),
        })
    return {"corpus": corpus, "rounds": o.rounds, "results": rows}


def print_report(o, report):
    c = report["corpus"]
    print(f"{c['language']}: {c['documents']} documents, {c['text_bytes'] / 1e6:.1f} MB of text, {c['file_bytes'] / 1e6:.1f} MB of files; one core; medians of {report['rounds']} rounds")
    if o.steps:
        print(f"{'':24}{'':14}{'ours MB/s':>11}{'its MB/s':>10}{'ratio':>8}  counts, ours and its")
        for r in report["results"]:
            print(f"{r['step']:24}{r['who']:14}{r['ours_mb_per_second']:11.2f}{r['mb_per_second']:10.2f}{r['speed_ratio']:8.1f}  {r['counts'] or ''}"
                  + (f" {r['lines_that_differ']} lines differ" if r["lines_that_differ"] is not None else ""))
        return
    print(f"{'':16}{'MB/s':>8}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'times ours: wall':>18}{'CPU':>7}{'memory':>8}{'kept':>9}{'tokens':>12}")
    for r in report["results"]:
        print(f"{r['who']:16}{r['mb_per_second']:8.2f}{r['seconds']:9.1f}{r['cpu_seconds']:9.1f}{r['peak_rss_bytes'] / 2**20:10.0f}{r['speed_ratio']:18.2f}{r['cpu_ratio']:7.2f}{r['memory_ratio']:8.2f}{r['kept']:9}{r['tokens']:12}")
    for r in report["results"]:
        print(f"  {r['who']}: " + ", ".join(f"{name} {seconds:.2f}s" for name, seconds in r["stages"].items()))


def compare(o, work):
    made = [sys.executable, HERE / "data_corpus.py", "--data", o.data, "--language", o.language, "--megabytes", o.megabytes, "--output", work / "corpus"]
    corpus = last_json(run(o, made)[0])
    converted = last_json(run(o, peer(o, "tokenizer", "--model", o.model, "--output", work / "tokenizer.json", "--texts", work / "corpus/texts"))[0])
    print(f"tokenizer.json differs from sentencepiece in {converted['documents_that_differ']} of {converted['documents']} documents", file=sys.stderr)
    report = (compare_steps if o.steps else compare_pipelines)(o, work, corpus)
    report["tokenizer_json"] = converted
    print(json.dumps(report)) if o.json else print_report(o, report)


def main():
    o = parse()
    if o.work:
        o.work.mkdir(parents=True)
        compare(o, o.work.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="huihai-data-") as work:
        compare(o, pathlib.Path(work))


if __name__ == "__main__":
    main()
