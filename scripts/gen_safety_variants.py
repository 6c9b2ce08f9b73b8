"""Writes data/safety/variants.go: traditional forms of the characters of zh.tsv.

Run from the root of the repository with opencc-python-reimplemented 0.1.7, after
a change of data/safety/lexicon/zh.tsv: python scripts/gen_safety_variants.py
"""
import opencc

LEXICON = "data/safety/lexicon/zh.tsv"
HEAD = """package safety

// variants are pairs of a traditional character and its simplified form, for the
// forms that terms of this package have (by the tables of OpenCC; written by
// scripts/gen_safety_variants.py).
const variants = "" +
"""
TAIL = """

// simplifiedForms maps the first of each pair to the second.
func simplifiedForms() map[rune]rune {
	m := map[rune]rune{}
	var from rune
	for _, r := range variants {
		if from == 0 {
			from = r
			continue
		}
		m[from], from = r, 0
	}
	return m
}
"""

convert = opencc.OpenCC("t2s").convert
with open(LEXICON) as f:
    terms = [line for line in f if line[0] not in "#@"]
chars = {c for line in terms for c in line if "\u4e00" <= c <= "\u9fff"}
pairs = []
for code in range(0x4E00, 0xA000):
    old = chr(code)
    new = convert(old)
    if new != old and new in chars and old not in chars:
        pairs.append(old + new)
rows = ["\t\"" + "".join(pairs[i:i + 24]) + "\"" for i in range(0, len(pairs), 24)]
with open("data/safety/variants.go", "w") as f:
    f.write(HEAD + " +\n".join(rows) + TAIL)
