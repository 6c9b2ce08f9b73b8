"""Writes data/dedup/testdata/minhash.json: shingles and signatures of a few texts.

The definitions of data/dedup/doc.go in whole numbers of any size, without rolling,
without early ends and with all rounds. Run from the root of the repository:
python3 scripts/golden_minhash.py
"""
import json
import unicodedata

M64 = 2**64 - 1
P = 2**61 - 1
BASE = 0x15D39F0B8A61C2E7


def philox(ctr, key):
    c, k = list(ctr), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


def stream(seed, name):
    h = 14695981039346656037
    for b in name.encode():
        h = (h ^ b) * 1099511628211 & M64
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & M64
    h = (h ^ h >> 27) * 0x94D049BB133111EB & M64
    lane = h ^ h >> 31
    n = 0
    while True:
        yield from philox((n & 0xFFFFFFFF, n >> 32, lane & 0xFFFFFFFF, lane >> 32), (seed & 0xFFFFFFFF, seed >> 32))
        n += 1


def own(ch):
    c = ord(ch)
    return any(a <= c <= b for a, b in ((0x4E00, 0x9FFF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x20000, 0x323AF), (0xF900, 0xFAFF)))


def folded():
    """Traditional characters and variants, by the table that is used for cleaning too."""
    pairs = open("data/clean/t2s/characters.txt", encoding="utf-8").read().strip()
    return {pairs[i]: pairs[i + 1] for i in range(0, len(pairs) - 1, 2)}


FOLDED = folded()


def fold(ch):
    if "\uf900" <= ch <= "\ufaff":
        ch = unicodedata.normalize("NFKC", ch)
    return FOLDED.get(ch, ch)


def units(text):
    words, han = [""], 0
    for ch in text:
        kind = unicodedata.category(ch)
        if own(ch):
            words += [fold(ch), ""]
            han += 1
        elif kind[0] == "L":
            words[-1] += ch.lower()
        elif kind == "Nd":
            words[-1] += str(unicodedata.digit(ch))
        elif kind[0] != "M":
            words.append("")
    return [w for w in words if w], han


def unit_hash(word):
    h = 0
    for ch in word:
        h = (h ^ ord(ch)) * 0xD6E8FEB86659FD93 & M64
    h = (h ^ h >> 32) * 0x9FB21C651E98DF25 & M64
    return max((h ^ h >> 29) >> 3, 1)


def shingles(text, n):
    words, _ = units(text)
    n = min(n, len(words))
    out = []
    for i in range(len(words) - n + 1):
        h = sum(unit_hash(w) * pow(BASE, n - 1 - k, P) for k, w in enumerate(words[i:i + n])) % P
        h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & M64
        h = (h ^ h >> 27) * 0x94D049BB133111EB & M64
        out.append(h >> 32)
    return sorted(set(out))


def signature(elements, bands, rows, seed):
    draws = stream(seed, "data/dedup/minhash")
    sig = [None] * (bands * rows)
    for row in range(rows):
        functions = [(next(draws), next(draws)) for _ in range(2 * bands)]
        for band in range(bands):
            best = None
            for rnd, (a, b) in enumerate(functions):
                for x in elements:
                    h = (a * x + b & M64) >> 32
                    if rnd < bands:
                        if h * bands >> 32 != band:
                            continue
                        h = h * bands & 0xFFFFFFFF
                    elif rnd - bands != band:
                        continue
                    if best is None or (rnd, h) < best:
                        best = rnd, h
            sig[band * rows + row] = best[1] ^ best[0] * 0x9E3779B9 & 0xFFFFFFFF
    return sig


TEXTS = [
    "The quick brown fox, aged 12, jumps over the lazy dog; the dog saw it with one eye open.",
    "One",
    "two WORDS",
    "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。",
    "眠",
    "Ünïcode naïve café résumé, ÉCOLE, Кошка и Собака, 東京タワー 2024 GPT-4",
    " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300)),
]

cases = []
for bands, rows, seed in ((14, 8, 1), (9, 13, 2**63 + 5), (1, 3, 7), (40, 2, 3)):
    for text in TEXTS:
        _, han = units(text)
        n = 4 if han * 2 > len(units(text)[0]) else 5
        s = shingles(text, n)
        cases.append({"text": text, "word_ngram": 5, "char_ngram": 4, "bands": bands, "rows": rows, "seed": seed,
                      "shingles": len(s), "first": s[0], "last": s[-1], "signature": signature(s, bands, rows, seed)})
with open("data/dedup/testdata/minhash.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases) + "\n]\n")
