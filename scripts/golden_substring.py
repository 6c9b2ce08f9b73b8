"""Writes data/substring/testdata/divsufsort.json: repeated windows of real files,
found with the suffix sorter libdivsufsort and the LCP array of Kasai et al.

Run from the root of the repository with numpy and pydivsufsort 0.0.20, giving the
folder of the shared data: python scripts/golden_substring.py ../shared/data
"""
import gzip
import json
import sys
import zlib

import numpy as np
import pydivsufsort

FILES = ["pretrain/docs_zh.jsonl.gz", "pretrain/zh_law_raw.jsonl.gz", "web/dolma_cc_en.jsonl.gz", "pretrain/web_c4_en.jsonl.gz"]
SIZES = [100, 200, 500]


def covered(starts, size, n):
    """Number of bytes in windows of size bytes at the given starts."""
    edges = np.zeros(n + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + size, -1)
    return int((np.cumsum(edges)[:n] > 0).sum())


out = {"pydivsufsort": "0.0.20", "files": {}}
for name in FILES:
    with gzip.open(f"{sys.argv[1]}/{name}", "rt", encoding="utf-8") as f:
        docs = [json.loads(line)["text"].encode() for line in f]
    text = np.frombuffer(b"".join(docs), np.uint8).copy()  # a writable array
    n = len(text)
    lengths = np.array([len(d) for d in docs], np.int64)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(n)  # bytes to the end of the document
    sa = pydivsufsort.divsufsort(text).astype(np.int64)
    after = pydivsufsort.kasai(text, sa)  # of each suffix with the next one
    before = np.concatenate([[0], after[:-1]])
    sizes = {}
    for size in SIZES:
        group = np.cumsum(before < size)
        inside = left[sa] >= size
        where, group = sa[inside], group[inside]
        order = np.lexsort((where, group))  # documents are in order: the least place stays
        where, group = where[order], group[order]
        head = np.concatenate([[True], group[1:] != group[:-1]])
        again = where[~head]
        kept = where[head & np.concatenate([group[1:] == group[:-1], [False]])]
        sizes[size] = {"again_windows": len(again), "kept_windows": len(kept), "again_bytes": covered(again, size, n), "kept_bytes": covered(kept, size, n)}
    out["files"][name] = {"documents": len(docs), "bytes": n, "suffix_array_crc32": zlib.crc32(sa.astype("<i4").tobytes()), "sizes": sizes}
with open("data/substring/testdata/divsufsort.json", "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
