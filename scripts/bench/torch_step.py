#!/usr/bin/env python3
"""Run `train bench` and PyTorch in turns and print medians and ratios.

    scripts/bench/torch_step.py --train out/train --python PYTHON
    scripts/bench/torch_step.py --train out/train --python PYTHON --vocab 125696 --batch 1
    scripts/bench/torch_step.py --train out/train --python PYTHON --products

PYTHON is an interpreter that has PyTorch (pip install torch); this script itself
needs only the standard library. Each round runs ours, PyTorch eager and PyTorch
compiled once, each in a process of its own, so that a change of the machine's
speed falls on all. A ratio is the median over the rounds of ours by theirs.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

PEER = pathlib.Path(__file__).with_name("torch_peer.py")
SHAPE = {"hidden": 512, "layers": 8, "heads": 8, "ffn": 1376, "vocab": 8192, "batch": 4, "seq": 512}
STEP_PRODUCTS = "^MatMul(NT|NN|TN) (256|512|1024|2048|1536|1376|8192)x[0-9]+x[0-9]+$"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="the train binary")
    parser.add_argument("--python", required=True, help="a Python interpreter with PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="counted steps of each run")
    parser.add_argument("--threads", type=int, default=0, help="0 is one per core, for both")
    parser.add_argument("--path", default="", help="code path of our kernels")
    parser.add_argument("--adamw", choices=["foreach", "fused"], default="foreach", help="PyTorch's optimizer")
    parser.add_argument("--peers", default="eager,compile", help="which of eager and compile to run")
    parser.add_argument("--products", action="store_true", help="compare matrix products, not steps")
    parser.add_argument("--only", default=STEP_PRODUCTS, help="with --products: which of `train bench kernels`")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for name, default in SHAPE.items():
        parser.add_argument("--" + name, type=int, default=default)
    o = parser.parse_args()
    o.peers = [p for p in o.peers.split(",") if p]
    if o.rounds < 1 or o.steps < 1 or not set(o.peers) <= {"eager", "compile"}:
        parser.error("--rounds and --steps must be at least 1, --peers some of eager,compile")
    return o


def run(command):
    """Runs a command and returns the JSON it prints; ends the script if it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    except OSError as e:
        sys.exit(f"torch_step: cannot run {command[0]}: {e}")
    if done.returncode != 0:
        sys.exit(f"torch_step: {' '.join(command)} failed with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def flags(o, names):
    return [part for n in names for part in ("--" + n, str(getattr(o, n)))]


def our_options(o):
    return ["--json", "--threads", str(o.threads)] + (["--path", o.path] if o.path else [])


def compare_steps(o):
    shape = flags(o, [*SHAPE, "steps"])
    commands = {"ours": [o.train, "bench", "step", "--warmup", "2", *shape, *our_options(o)]}
    for peer in o.peers:
        extra = ["--compile"] if peer == "compile" else []
        commands["torch " + peer] = [o.python, str(PEER), "step", "--threads", str(o.threads), "--adamw", o.adamw, *shape, *extra]
    runs = {name: [] for name in commands}
    for number in range(o.rounds):
        for name, command in commands.items():
            print(f"round {number + 1} of {o.rounds}: {name}", file=sys.stderr)
            runs[name].append(run(command))
    parameters = {r["parameters"] for results in runs.values() for r in results}
    if len(parameters) != 1:
        sys.exit(f"torch_step: the models differ: {sorted(parameters)} parameters")

    def ratio(name, key):
        return statistics.median(a[key] / b[key] for a, b in zip(runs["ours"], runs[name]))

    rows = []
    for name, results in runs.items():
        middle = {k: statistics.median(r[k] for r in results) for k in ("tokens_per_second", "step_seconds", "peak_rss_bytes")}
        rows.append({
            "who": name, **middle,
            "speed_ratio": ratio(name, "tokens_per_second"), "memory_ratio": ratio(name, "peak_rss_bytes"),
        })
    return {
        "parameters": parameters.pop(), "rounds": o.rounds, "shape": {n: getattr(o, n) for n in SHAPE},
        "torch": next((r[0]["torch"] for r in runs.values() if "torch" in r[0]), None), "device": runs["ours"][0]["device"],
        "results": rows,
    }


def compare_products(o):
    ours, theirs = {}, {}
    version = None
    for number in range(o.rounds):
        print(f"round {number + 1} of {o.rounds}", file=sys.stderr)
        kernels = run([o.train, "bench", "kernels", "--only", o.only, *our_options(o)])
        kernels = [k for k in kernels if k["kernel"].startswith("MatMul") and " " not in k["shape"] and k.get("gflops")]
        if not kernels:
            sys.exit(f"torch_step: --only {o.only!r} leaves no float32 product that arithmetic bounds")
        specs = [k["kernel"].removeprefix("MatMul") + ":" + k["shape"] for k in kernels]
        peer = run([o.python, str(PEER), "products", "--threads", str(o.threads), *specs])
        version = peer["torch"]
        for spec, a, b in zip(specs, kernels, peer["products"]):
            ours.setdefault(spec, []).append(a["gflops"])
            theirs.setdefault(spec, []).append(b["gflops"])
    rows = [{
        "product": spec, "ours_gflops": statistics.median(ours[spec]), "torch_gflops": statistics.median(theirs[spec]),
        "ratio": statistics.median(a / b for a, b in zip(ours[spec], theirs[spec])),
    } for spec in ours]
    return {"rounds": o.rounds, "torch": version, "products": rows}


def print_steps(report):
    shape = " ".join(f"{k}={v}" for k, v in report["shape"].items())
    print(f"{report['parameters']} parameters, {shape}; {report['device']}; torch {report['torch']}; medians of {report['rounds']} rounds")
    print(f"{'':16}{'tokens/s':>10}{'step':>10}{'peak MiB':>10}{'ours/this speed':>17}{'ours/this memory':>18}")
    for r in report["results"]:
        print(f"{r['who']:16}{r['tokens_per_second']:10.0f}{r['step_seconds']:9.3f}s{r['peak_rss_bytes'] / 2**20:10.0f}"
              f"{r['speed_ratio']:17.2f}{r['memory_ratio']:18.2f}")


def print_products(report):
    print(f"GFLOP/s; torch {report['torch']}; medians of {report['rounds']} rounds")
    print(f"{'':22}{'ours':>8}{'torch':>8}{'ours/torch':>12}")
    for r in report["products"]:
        print(f"{r['product']:22}{r['ours_gflops']:8.1f}{r['torch_gflops']:8.1f}{r['ratio']:12.2f}")


def main():
    o = parse()
    report = compare_products(o) if o.products else compare_steps(o)
    if o.json:
        print(json.dumps(report))
    elif o.products:
        print_products(report)
    else:
        print_steps(report)


if __name__ == "__main__":
    main()
