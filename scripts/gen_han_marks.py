"""Writes data/lang/model/japanese.txt and chinese.txt from character sets and texts.

japanese.txt: kanji of the first level of JIS X 0208 that neither GB 2312 nor Big5 has
and that at most five of the Chinese texts have; chinese.txt: characters of the first
level of GB 2312, or of a hundred of the texts, that JIS X 0208 does not have.
Run from the root of the repository with JSON Lines files (gzip) of Chinese text:
python scripts/gen_han_marks.py zh_tang_poems.jsonl.gz zh_song_poems_sample.jsonl.gz
zh_classics.jsonl.gz zh_song_ci.jsonl.gz zh_yuan_qu.jsonl.gz zh_law_raw.jsonl.gz docs_zh.jsonl.gz
"""
import collections
import gzip
import json
import sys

FOLDER = "data/lang/model/"
# In texts of Japan alone, but in old Chinese ones too.
DROPPED = "隷巌緑喰"


def level(c, encoding, first, last):
    """Tells whether c has two bytes in an encoding, the first within bounds."""
    try:
        b = c.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(b) == 2 and first <= b[0] <= last


texts = collections.Counter()
for path in sys.argv[1:]:
    with gzip.open(path, "rt") as f:
        for line in f:
            texts.update(set(json.loads(line)["text"]))

han = [chr(i) for i in range(0x4E00, 0xA000)]
jis = {c for c in han if level(c, "euc_jp", 0xB0, 0xF4)}
gb, big5 = ({c for c in han if level(c, e, 0, 0xFF)} for e in ("gb2312", "big5"))
japanese = [c for c in han if level(c, "euc_jp", 0xB0, 0xCF) and c not in gb | big5 and texts[c] <= 5 and c not in DROPPED]
chinese = [c for c in han if c not in jis and (level(c, "gb2312", 0xB0, 0xD7) or texts[c] >= 100 and c in gb | big5)]
for name, chars in (("japanese", japanese), ("chinese", chinese)):
    with open(FOLDER + name + ".txt", "w") as f:
        f.write("".join(chars) + "\n")
