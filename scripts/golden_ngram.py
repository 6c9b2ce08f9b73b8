#!/usr/bin/env python3
"""Makes data/ngram/testdata from two public-domain texts with KenLM.

  golden_ngram.py --lmplz PATH --english FILE.txt.gz --chinese FILE.jsonl.gz

lmplz is KenLM's estimator, built from the source of its PyPI package; the
package kenlm scores the sentences.
"""
import argparse
import gzip
import json
import os
import subprocess

import kenlm

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "ngram", "testdata")
MODELS = {"order5": ["-o", "5"], "order3_pruned": ["-o", "3", "--prune", "0", "1", "2"], "order4_pruned": ["-o", "4", "--prune", "0", "0", "1"]}


def corpus(english, chinese):
    """Lines of units parted by blanks, none of them empty."""
    with gzip.open(english, "rt", encoding="utf-8") as f:
        lines = [" ".join(line.split()) for line in f]
    lines = [line for line in lines if line]
    poems = []
    with gzip.open(chinese, "rt", encoding="utf-8") as f:
        for row in f:
            text = json.loads(row)["text"]
            poems += [" ".join(line.strip()) for line in text.split("\n") if line.strip()]
    return lines[:700] + poems[:300], lines[700:730] + poems[300:330]


def main():
    p = argparse.ArgumentParser()
    for name in ("lmplz", "english", "chinese"):
        p.add_argument("--" + name, required=True)
    a = p.parse_args()
    os.makedirs(HERE, exist_ok=True)
    train, held = corpus(a.english, a.chinese)
    text = "\n".join(train) + "\n"
    with open(os.path.join(HERE, "corpus.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    rows = []
    for name, options in MODELS.items():
        arpa = subprocess.run([a.lmplz, *options, "-S", "100M", "--discount_fallback"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
        path = os.path.join(HERE, name + ".arpa.gz")
        with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as f:
            f.write(arpa)
        model = kenlm.Model(path)
        for line in held + train[:10] + ["never seen words", "the"]:
            rows.append({"model": name, "text": line, "perplexity": model.perplexity(line),
                         "tokens": [[s[0], s[1], s[2]] for s in model.full_scores(line)]})
    with open(os.path.join(HERE, "scores.jsonl"), "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


main()
