#!/usr/bin/env python3
"""Make the English or the Chinese corpus that the data benchmarks read.

    scripts/bench/data_corpus.py --data shared/data --language en --megabytes 60 --output DIR

Writes DIR/texts/part-*.jsonl.gz with the fields id and text, and DIR/corpus.json with
what it holds. Needs only the standard library; the same arguments give the same bytes.

First come the documents of the sources as they are, the most web-like first. When
they are used up, the rest is made of their prose: each further document is a row of
lines drawn at random from all of them, as many as a document drawn at random has. So
text and vocabulary stay natural, and few documents are near copies of others. 5 in
100 documents are planted copies of an earlier one, half of them with one line left
out. In Chinese texts, lines are trimmed and empty ones left out, as by an extractor;
verse, whose poems are shorter than any page, is gathered forty poems to a document,
each poem on a line.
"""

import argparse
import gzip
import json
import pathlib
import random

SOURCES = {
    "en": ["pretrain/web_c4_en.jsonl.gz", "web/dclm_quality_majority.jsonl.gz", "web/dolma_cc_en.jsonl.gz",
           "pretrain/en_wiki_demo.txt.gz", "pretrain/en_wikitext.txt.gz", "pretrain/docs_en.jsonl.gz"],
    "zh": ["pretrain/zh_law_raw.jsonl.gz", "pretrain/docs_zh.jsonl.gz", "pretrain/zh_classics.jsonl.gz", "pretrain/zh_yuan_qu.jsonl.gz",
           "pretrain/zh_song_ci.jsonl.gz", "pretrain/zh_tang_poems.jsonl.gz"],
}
VERSE = ("yuan_qu", "song_ci", "tang_poems")
POEMS = 40
ENDS = tuple('.!?"。！？；”')
COPIES, PARTS, SEED = 0.05, 4, 1


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the folder of shared reference data")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--language", choices=sorted(SOURCES), default="en")
    parser.add_argument("--megabytes", type=float, default=60)
    return parser.parse_args()


def documents(path):
    """The texts of a source; plain text is cut at empty lines into pages of some 4,000 characters."""
    with gzip.open(path, "rt", encoding="utf-8") as f:
        if path.name.endswith(".jsonl.gz"):
            texts = [json.loads(line)["text"] for line in f]
        else:
            texts, page = [], ""
            for paragraph in f.read().split("\n\n"):
                page += paragraph + "\n\n"
                if len(page) >= 4000:
                    texts.append(page.strip())
                    page = ""
            texts.append(page.strip())
    if path.name.startswith(("zh_", "docs_zh")):
        texts = ["\n".join(filter(None, map(str.strip, t.split("\n")))) for t in texts]
    if any(v in path.name for v in VERSE):
        texts = [t.replace("\n", "") for t in texts]
        texts = ["\n".join(texts[i:i + POEMS]) for i in range(0, len(texts), POEMS)]
    return [t for t in texts if t]


def prose(text, least):
    """The lines of a text that look like sentences."""
    return [line for line in map(str.strip, text.split("\n")) if len(line) >= least and line.endswith(ENDS)]


def generate(sources, least, rng):
    """All documents, without end."""
    lines, lengths = [], []
    for path in sources:
        for text in documents(path):
            own = prose(text, least)
            lines += own
            lengths += [len(own)] if own else []
            yield text
    while True:
        yield "\n".join(rng.choice(lines) for _ in range(rng.choice(lengths)))


def with_copies(texts, rng):
    earlier = []
    for text in texts:
        yield text
        if len(earlier) < 5000:
            earlier.append(text)
        if rng.random() < COPIES:
            copy = rng.choice(earlier).split("\n")
            if rng.random() < 0.5 and len(copy) > 1:
                copy.pop(rng.randrange(len(copy)))
            yield "\n".join(copy)


def main():
    o = parse()
    rng = random.Random(SEED)
    folder = o.output / "texts"
    folder.mkdir(parents=True)
    limit, size, count = o.megabytes * 1e6, 0, 0
    raws = [open(folder / f"part-{i:02d}.jsonl.gz", "wb") for i in range(PARTS)]
    parts = [gzip.GzipFile(fileobj=raw, filename="", mode="wb", mtime=0) for raw in raws]
    sources = [o.data / name for name in SOURCES[o.language]]
    for text in with_copies(generate(sources, 40 if o.language == "en" else 10, rng), rng):
        if size >= limit:
            break
        line = json.dumps({"id": f"{o.language}-{count:07d}", "text": text}, ensure_ascii=False) + "\n"
        parts[int(PARTS * size / limit)].write(line.encode())
        size += len(text.encode())
        count += 1
    for f in parts + raws:
        f.close()
    about = {"language": o.language, "documents": count, "text_bytes": size, "file_bytes": sum(p.stat().st_size for p in folder.iterdir())}
    (o.output / "corpus.json").write_text(json.dumps(about))
    print(json.dumps(about))


if __name__ == "__main__":
    main()
