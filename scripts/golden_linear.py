"""Writes data/linear/testdata: small models of fastText and what fastText predicts with them.

Run from the root of the repository with fastText's command line program 0.9.2 on
the PATH (Debian: apt-get install fasttext): python3 scripts/golden_linear.py
"""
import json
import pathlib
import random
import subprocess
import tempfile

OUT = pathlib.Path("data/linear/testdata")
WORDS = ("river sea mountain rain the of and is runs to a never Ünïcödé naïve 山 水 河流 大海 雨水 学习 моря река "
         "don't e-mail 3.14 2023 x <b> ... __label_ café").split()
QUERIES = [
    "the river runs to the sea", "山 水 河流 unknown word", "rain", "", "   ", "totally unseen tokens here",
    "a\tb\vc\fd  e", "Ünïcödé naïve café моря", "</s> rain after the end", "rain </s> rain", "__label__zzz rain __label__0 sea",
    "<b> ... don't", "大海雨水学习 3.14", "the " * 200, "x " * 3 + "río 漢字かな交じり文 🙂", "\u00e9\u4e2d",
]


def corpus(labels, lines, multi=False):
    rng = random.Random(7)
    out = []
    for i in range(lines):
        label = min(rng.randrange(labels), rng.randrange(labels))
        # Labels prefer some words, so that there is something to learn.
        words = [WORDS[(label * 3 + rng.randrange(6)) % len(WORDS)] if rng.random() < 0.7 else rng.choice(WORDS)
                 for _ in range(rng.randrange(1, 12))]
        names = [f"__label__{label}"] + ([f"__label__{rng.randrange(labels)}"] if multi and rng.random() < 0.4 else [])
        out.append(" ".join(names + words))
    return "\n".join(out) + "\n"


def run(*args, stdin=None):
    return subprocess.run(["fasttext", *map(str, args)], input=stdin, check=True, capture_output=True, text=True).stdout


def parse(line):
    f = line.split()
    return [[f[i].removeprefix("__label__"), float(f[i + 1])] for i in range(0, len(f), 2)]


def predict(model, text):
    """[label, probability] of all labels. The first line only: </s> inside a text begins another."""
    return parse(run("predict-prob", model, "-", -1, stdin=text + "\n").split("\n")[0])


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    base = ["-thread", 1, "-verbose", 0, "-seed", 3, "-lr", 0.5, "-epoch", 10]
    models = {
        "softmax.bin": (4, 300, False, ["-dim", 5, "-wordNgrams", 3, "-bucket", 50], None),
        "plain.bin": (2, 100, False, ["-dim", 16], None),
        "ova.bin": (3, 200, True, ["-dim", 4, "-loss", "ova", "-minn", 2, "-maxn", 4, "-bucket", 101], None),
        "ns.bin": (5, 200, False, ["-dim", 3, "-loss", "ns", "-neg", 2, "-minCount", 3], None),
        "hs.bin": (40, 800, False, ["-dim", 4, "-loss", "hs", "-minn", 1, "-maxn", 3, "-bucket", 97, "-wordNgrams", 2], None),
        "quant.ftz": (3, 400, False, ["-dim", 5, "-wordNgrams", 2, "-minn", 2, "-maxn", 5, "-bucket", 600], ["-dsub", 2]),
        "pruned.ftz": (6, 600, False, ["-dim", 7, "-wordNgrams", 2, "-minn", 2, "-maxn", 5, "-bucket", 900, "-loss", "hs"],
                       ["-dsub", 2, "-qnorm", "-cutoff", 300]),
        "qout.ftz": (300, 3000, False, ["-dim", 4, "-wordNgrams", 2, "-bucket", 400], ["-dsub", 2, "-qnorm", "-qout"]),
    }
    expected = {}
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        for name, (labels, lines, multi, train, quantize) in models.items():
            (tmp / "train.txt").write_text(corpus(labels, lines, multi))
            run("supervised", "-input", tmp / "train.txt", "-output", tmp / "m", *base, *train)
            if quantize:
                run("quantize", "-input", tmp / "train.txt", "-output", tmp / "m", "-verbose", 0, *quantize)
            (OUT / name).write_bytes((tmp / ("m.ftz" if quantize else "m.bin")).read_bytes())
            expected[name] = [predict(OUT / name, q)[:12] for q in QUERIES]
    rows = [{"text": q, "predictions": {n: expected[n][i] for n in models}} for i, q in enumerate(QUERIES)]
    (OUT / "predictions.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))


main()
