"""Writes data/lang/model/ngrams.bin.gz from the letter statistics of lingua-go.

Run from the root of the repository with numpy, and the folder language-models of
github.com/pemistahl/lingua-go v1.4.0 as argument:
python scripts/gen_lang.py $(go mod download -json github.com/pemistahl/lingua-go@v1.4.0 | jq -r .Dir)/language-models
"""
import gzip
import math
import pathlib
import struct
import sys
import zipfile

import numpy as np

GROUPS = {
    "Latn": ("af sq az eu ca cs cy da nl en eo et fi fr lg de hu is id ga it la lv lt "
             "ms mi nb nn pl pt ro sn sk sl so st es sw sv tl ts tn tr vi xh yo zu hr"),
    "Cyrl": "ru uk be bg mk sr kk mn",
    "Arab": "ar fa ur",
    "Deva": "hi mr",
}
ROWS = {"Latn": (5000, 2500), "Cyrl": (3000, 1500), "Arab": (1500, 500), "Deva": (1500, 300)}
STEP = 16          # cost units per nat
BACKOFF = math.log(5)
FLOOR = 12.0       # cost in nats of a letter that a language does not have
NAMES = ["", "unigrams", "bigrams", "trigrams", "quadrigrams"]


def varint(b, i):
    v = s = 0
    while True:
        v |= (b[i] & 127) << s
        s += 7
        i += 1
        if b[i - 1] < 128:
            return v, i


def fields(b):
    """Yields (number, value) of a protocol buffer message."""
    i = 0
    while i < len(b):
        tag, i = varint(b, i)
        if tag & 7 == 0:
            v, i = varint(b, i)
        elif tag & 7 == 1:
            v, i = struct.unpack_from("<d", b, i)[0], i + 8
        else:
            n, i = varint(b, i)
            v, i = b[i:i + n], i + n
        yield tag >> 3, v


def conditional(folder, lang, n):
    """Returns {n-gram: probability of its last letter after the others}."""
    with zipfile.ZipFile(folder / lang / f"{NAMES[n]}.pb.bin.zip") as z:
        data = z.read(z.namelist()[0])
    out = {}
    for number, value in fields(data):
        if number == 4:
            p, grams = 0.0, []
            for k, v in fields(value):
                if k == 1:
                    p = v
                else:
                    grams.append(v.decode())
            for g in grams:
                out[g] = p
    return out


def read(folder, langs):
    """Returns per order {n-gram: (cost row, probability row)}, costs with back-off."""
    size = len(langs)
    orders = [None]
    for n in range(1, 5):
        cost, joint = {}, {}
        for k, lang in enumerate(langs):
            for g, p in conditional(folder, lang, n).items():
                if len(g) != n:
                    continue
                before = 1.0
                if n > 1:
                    row = orders[n - 1][1].get(g[:-1])
                    before = row[k] if row is not None else 0
                q = p * before
                if q < 3e-6:
                    continue
                if g not in cost:
                    cost[g] = np.full(size, np.nan, np.float32)
                    joint[g] = np.zeros(size, np.float32)
                cost[g][k] = -math.log(p)
                joint[g][k] = q
        for g, row in cost.items():
            if n == 1:
                lower = np.full(size, FLOOR, np.float32)
            else:
                lower = shorter(orders, g[1:]) + BACKOFF
            row[:] = np.minimum(np.where(np.isnan(row), lower, row), FLOOR)
        orders.append((cost, joint))
        print(n, len(cost), file=sys.stderr)
    return orders


def shorter(orders, g):
    """Returns the cost row of the longest known end of g."""
    while g:
        row = orders[len(g)][0].get(g)
        if row is not None:
            return row
        g = g[1:]
    return np.full_like(next(iter(orders[1][0].values())), FLOOR)


def choose(orders, n, most, known):
    """Returns the n-grams that tell languages apart best, given those of known."""
    gains = []
    for g, row in orders[n][0].items():
        if n == 4 and g[1:] not in known:
            continue
        delta = row - shorter(orders, g[1:])
        p = orders[n][1][g]
        gains.append((float((p * np.abs(delta - np.median(delta))).sum()), g))
    gains.sort(reverse=True)
    return {g for _, g in gains[:most]}


def main():
    folder = pathlib.Path(sys.argv[1])
    out = bytearray()
    for script, langs in GROUPS.items():
        langs = langs.split()
        orders = read(folder, langs)
        letters = [c for c in orders[1][0] if orders[1][1][c].max() > 2e-5]
        letters.sort(key=lambda c: -orders[1][1][c].sum())
        letters = letters[:255]
        code = {c: i + 1 for i, c in enumerate(letters)}
        grams = set(letters)
        grams |= {g for g in orders[2][0] if orders[2][1][g].max() > 2e-5}
        three = choose(orders, 3, ROWS[script][0], set())
        grams |= three | choose(orders, 4, ROWS[script][1], three)
        grams = [g for g in grams if all(c in code for c in g)]

        def key(g):
            k = 0
            for c in g:
                k = k << 8 | code[c]
            return k
        grams.sort(key=key)
        rows = np.stack([orders[len(g)][0][g] for g in grams])
        rows = np.clip(np.rint(rows * STEP), 0, 255).astype(np.uint8)
        for text in (script, " ".join(langs), "".join(letters)):
            raw = text.encode()
            out += struct.pack("<I", len(raw)) + raw
        out += struct.pack("<I", len(grams))
        out += np.array([key(g) for g in grams], "<u4").tobytes()
        out += rows.T.tobytes()  # by language: neighbours resemble each other
        print(script, len(langs), len(letters), len(grams), file=sys.stderr)
    pathlib.Path("data/lang/model").mkdir(parents=True, exist_ok=True)
    pathlib.Path("data/lang/model/ngrams.bin.gz").write_bytes(gzip.compress(bytes(out), 9, mtime=0))


main()
