#!/usr/bin/env python3
"""Compare what data/html takes out of web pages with trafilatura and resiliparse.

    go build -o out/htmltext ./data/html/internal/htmltext
    html_f1.py marked --pages data/html/testdata/pages [--only b]
    html_f1.py web    --pages html_pages.jsonl.gz --reference reference.json

marked: pages with the wanted text between <!--[--> and <!--]-->; <!--=TEXT--> adds
TEXT, for what stands in the page in another form, such as a formula. The marks are
taken out before a program sees the page. web: pages of other people, one JSON object
a line with id and html; the wanted text is what --reference gives by id (the file
that `reference` printed), and pages without one are left out.

    html_f1.py reference --pages html_pages.jsonl.gz > reference.json

makes a reference for pages of MediaWiki from their markup: the main heading and, of
the article's own element, all text but navigation, tables of contents, references
and their marks; --references keeps the lists of references, as trafilatura and
resiliparse do and data/html does not. Pages of other systems are left out.

F1 is that of two bags of tokens, in lower case: a token is one Han or kana character,
a run of other letters, or a run of digits; precision is the share of the program's
tokens that are wanted, recall that of the wanted tokens that it gives. The mean is
over pages, each counting once. A page of which a program gives nothing counts 0.

    pip install trafilatura==2.3.1 resiliparse==2.0.1 lxml lxml_html_clean regex
"""

import argparse
import gzip
import html
import json
import pathlib
import re
import subprocess
import sys
import time
from collections import Counter

import regex

TOKEN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}--[\p{Han}\p{Hiragana}\p{Katakana}]]+|\p{N}+", regex.V1)
MARKED = re.compile(r"<!--\[-->(.*?)<!--\]-->|<!--=(.*?)-->", re.S)
MARKS = re.compile(r"<!--(?:\[|\]|=.*?)-->")
INLINE = re.compile(r"</?(?:a|b|i|u|em|strong|span|code|sub|sup|small|mark|font|cite|kbd|ruby|rb|q)\b[^>]*>")


def marked(folder):
    for path in sorted(folder.glob("*html")):
        source = path.read_text(encoding="utf-8")
        want = ""
        for text, instead in MARKED.findall(source):
            want += html.unescape(re.sub(r"<[^>]*>", "\n", INLINE.sub("", text))) + instead + "\n"
        yield path.name, MARKS.sub("", source), want


def web(path, reference):
    want = json.loads(pathlib.Path(reference).read_text()) if reference else {}
    for line in gzip.open(path, "rt", encoding="utf-8"):
        page = json.loads(line)
        yield page["id"], page["html"], want.get(page["id"])


def reference(path, references):
    """The text of MediaWiki articles, by the names that MediaWiki gives to their parts."""
    import lxml.html

    drop = ("script style link meta .navbox .toc .vector-toc .mw-editsection .reflist .references .reference .noprint .hatnote .metadata .ambox "
            ".catlinks .printfooter .sistersitebox .portalbox .navbar .shortdescription .mw-empty-elt .authority-control "
            ".mwe-math-mathml-inline .mwe-math-mathml-display").split()
    if references:
        drop = [what for what in drop if what not in (".reflist", ".references")]
    out = {}
    for name, source, _ in web(path, None):
        tree = lxml.html.fromstring(source.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        body = tree.find_class("mw-parser-output")
        if not body:
            continue
        body = max(body, key=lambda e: len(e.text_content()))
        for what in drop:
            for e in list(body.find_class(what[1:]) if what[0] == "." else body.iter(what)):
                if e.getparent() is not None:
                    e.drop_tree()
        for img in body.iter("img"):
            alt = img.get("alt") or ""
            if alt.startswith("{\\displaystyle"):
                img.tail = alt[len("{\\displaystyle"):-1] + " " + (img.tail or "")
        for e in body.iter():  # words of neighbouring blocks stay apart
            if isinstance(e.tag, str) and e.tag in ("p", "div", "li", "td", "th", "tr", "h2", "h3", "h4", "dd", "dt", "br", "caption", "figcaption", "ul", "ol", "table"):
                e.tail = " " + (e.tail or "")
                e.text = " " + (e.text or "")
        title = tree.get_element_by_id("firstHeading").text_content()
        out[name] = title + "\n" + body.text_content()
    json.dump(out, sys.stdout, ensure_ascii=False)


def score(got, want):
    a, b = (Counter(TOKEN.findall(t.lower())) for t in (got, want))
    both = sum((a & b).values())
    if both == 0:
        return 0.0, 0.0, 0.0
    p, r = both / sum(a.values()), both / sum(b.values())
    return p, r, 2 * p * r / (p + r)


OURS = ["out/htmltext"]


def huihai(pages):
    lines = "".join(json.dumps({"id": name, "html": page}) + "\n" for name, page, _ in pages)
    done = subprocess.run([OURS[0]], input=lines.encode(), capture_output=True, check=True)
    out = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return [d["text"] for d in out], sum(d["seconds"] for d in out)


def timed(extract, pages):
    extract(pages[0][1])  # load what is loaded lazily
    begin = time.perf_counter()
    texts = [extract(page) or "" for _, page, _ in pages]
    return texts, time.perf_counter() - begin


def trafilatura(pages):
    from trafilatura import extract

    return timed(lambda page: extract(page, include_comments=False), pages)


def resiliparse(pages):
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    return timed(lambda page: extract_plain_text(HTMLTree.parse(page), main_content=True, alt_texts=False), pages)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["marked", "web", "reference"])
    parser.add_argument("--pages", required=True, type=pathlib.Path)
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--references", action="store_true", help="reference: keep the lists of references")
    parser.add_argument("--only", default="", help="the beginning of the names of the pages to take")
    parser.add_argument("--program", default="", help="only the one of this name")
    parser.add_argument("--each", action="store_true", help="print every page")
    parser.add_argument("--ours", default=OURS[0], help="the htmltext binary (out/htmltext)")
    o = parser.parse_args()
    OURS[0] = o.ours
    if o.mode == "reference":
        return reference(o.pages, o.references)
    pages = marked(o.pages) if o.mode == "marked" else web(o.pages, o.reference)
    pages = [p for p in pages if p[2] is not None and p[0].startswith(o.only)]
    size = sum(len(page.encode()) for _, page, _ in pages)
    for program in [f for f in (huihai, trafilatura, resiliparse) if f.__name__.startswith(o.program)]:
        texts, seconds = program(pages)
        scores = [score(text, want) for text, (_, _, want) in zip(texts, pages)]
        for (name, _, _), (p, r, f) in zip(pages, scores):
            if o.each:
                print(f"{program.__name__:12} {name:32} precision {p:.3f} recall {r:.3f} F1 {f:.3f}", file=sys.stderr)
        p, r, f = (sum(s) / len(scores) for s in zip(*scores))
        print(json.dumps({"program": program.__name__, "pages": len(pages), "precision": round(p, 4), "recall": round(r, 4), "f1": round(f, 4),
                          "lowest_f1": round(min(s[2] for s in scores), 4), "mb_per_second": round(size / seconds / 1e6, 2)}))


if __name__ == "__main__":
    main()
