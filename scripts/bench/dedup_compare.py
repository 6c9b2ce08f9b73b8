#!/usr/bin/env python3
"""Near copies found by huihai and by datasketch's MinHashLSH on one planted corpus.

    python -m pip install datasketch==2.0.0 pyarrow==26.0.1
    scripts/bench/dedup_compare.py --train out/train --input docs_en.jsonl.gz

Copies of documents get passages of other documents put in the place of their own, so
that their Jaccard similarity (shingles of five words, lower case, letters and digits)
spreads over 0.4 to 1. A pair counts as found by huihai where both are in one cluster of
the data set that it builds, and by datasketch where the copy's query returns the
original. The tables are by true similarity.
"""
import argparse
import gzip
import json
import random
import re
import subprocess
import tempfile
import time
from pathlib import Path

from datasketch import MinHash, MinHashLSH


def shingles(text):
    words = re.findall(r"[^\W_]+", text.lower())
    return {" ".join(words[i:i + 5]) for i in range(len(words) - 4)}


def planted(path, rng, documents):
    """Returns originals and copies: lists of (id, text)."""
    texts = []
    seen = set()
    with gzip.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            words = json.loads(line)["text"].split()[:400]
            key = " ".join(words[:20])
            if len(words) == 400 and key not in seen:
                seen.add(key)
                texts.append(words)
    rng.shuffle(texts)
    texts = texts[:documents]
    out = []
    for i, words in enumerate(texts):
        other = texts[(i + 1) % len(texts)]
        n = int(len(words) * rng.uniform(0, 0.4))
        at, src = rng.randrange(len(words) - n + 1), rng.randrange(len(other) - n + 1)
        copy = words[:at] + other[src:src + n] + words[at + n:]
        out += [(f"o{i}", " ".join(words)), (f"c{i}", " ".join(copy))]
    return out


def huihai(train, docs, folder):
    src = folder / "docs.jsonl"
    src.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in docs), encoding="utf-8")
    out = folder / "set"
    start = time.time()
    subprocess.run([train, "data", "build", "--input", src, "--output", out, "--profile", "none",
                    "--vocab-size", "1000", "--sequence-length", "256", "--workers", "1"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.time() - start
    import pyarrow.parquet as pq
    clusters = {}
    for shard in sorted((out / "documents").glob("*.parquet")):
        t = pq.read_table(shard, columns=["source_id", "minhash_cluster_id"]).to_pydict()
        clusters.update(zip(t["source_id"], t["minhash_cluster_id"]))
    return clusters, seconds


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--train", required=True)
    p.add_argument("--input", required=True)
    p.add_argument("--documents", type=int, default=800)
    a = p.parse_args()
    docs = planted(a.input, random.Random(5), a.documents)
    sets = {i: shingles(t) for i, t in docs}

    start = time.time()
    lsh, hashes = MinHashLSH(threshold=0.7, num_perm=128), {}
    for i, s in sets.items():
        hashes[i] = MinHash(num_perm=128)
        hashes[i].update_batch([x.encode() for x in s])
        lsh.insert(i, hashes[i])
    theirs = {i: set(lsh.query(h)) - {i} for i, h in hashes.items()}
    their_seconds = time.time() - start
    with tempfile.TemporaryDirectory() as tmp:
        clusters, our_seconds = huihai(a.train, docs, Path(tmp))

    rows = {}
    for k in range(len(docs) // 2):
        o, c = f"o{k}", f"c{k}"
        j = len(sets[o] & sets[c]) / len(sets[o] | sets[c])
        band = min(int(j * 20) / 20, 0.95)
        r = rows.setdefault(band, [0, 0, 0])
        r[0] += 1
        r[1] += clusters[o] >= 0 and clusters[o] == clusters[c]
        r[2] += c in theirs[o]
    print("| Jaccard similarity from | pairs | huihai | datasketch |\n|---|---|---|---|")
    for band in sorted(rows):
        n, ours, other = rows[band]
        print(f"| {band:.2f} | {n} | {ours / n:.1%} | {other / n:.1%} |")
    print(f"whole build {our_seconds:.1f} s, datasketch's signatures and queries {their_seconds:.1f} s")


if __name__ == "__main__":
    main()
