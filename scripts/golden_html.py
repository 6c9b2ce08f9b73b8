"""Golden values of data/html: what the independent extractor trafilatura takes
out of ten real pages.

    pip install trafilatura==2.3.1
    python3 scripts/golden_html.py shared/data/web/html_pages.jsonl.gz > data/html/testdata/trafilatura.json

The pages' text is not ours to keep, so only a sketch of it is: of all runs of
four tokens the CRC-32 of those that are 0 modulo 16. A token is a Han character
or a run of other letters and digits. Lists of references and marks that point to
them, which trafilatura keeps and data/html drops on purpose, are left out.
"""
import gzip
import json
import re
import sys
import zlib

import trafilatura

TOKEN = re.compile("[\u4e00-\u9fff]|[^\\W_\u4e00-\u9fff]+")


def sketch(text):
    tokens = TOKEN.findall(text)
    runs = {" ".join(tokens[i:i + 4]) for i in range(len(tokens) - 3)}
    return sorted(h for h in (zlib.crc32(r.encode()) for r in runs) if h % 16 == 0)


out = {}
for line in gzip.open(sys.argv[1], "rt"):
    page = json.loads(line)
    text = trafilatura.extract(page["html"], favor_precision=True, include_comments=False) or ""
    text = re.sub(r"\[[\w ]{1,20}\]", "", re.split(r"\n(?:References|Notes|Citations|(?:- )?\^.*)\n", text)[0])
    out[page["id"]] = {"bytes": len(text.encode()), "sketch": sketch(text)}
json.dump(out, sys.stdout)
print()
