"""Writes data/score/testdata/peers.json.gz: Gopher's measures as datatrove, dolma
and RedPajama-Data-v2 take them, FineWeb's and mC4's decisions, Data-Juicer's
repetition of characters.

Run from the root of the repository, with datatrove 0.10.1, spacy 3.8, nltk 3.10,
numpy, msgspec and (installed with --no-deps) dolma 1.2.1. datatrove and dolma are
called; RedPajama and Data-Juicer are not on PyPI in a form that can be, so their
formulas are written down here from their sources. The texts come from the lists
below, so they need no licence. With a folder shared beside the repository the
values of its web pages are written too, without the texts.
"""
import gzip
import importlib
import json
import math
import pathlib
import random
import re
import string
import sys
import types
import unicodedata
from collections import Counter

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.c4_filters import C4ParagraphFilter
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate, find_duplicates, find_top_duplicate, get_n_grams)
from datatrove.utils.text import PUNCTUATION_SET, split_into_words
from nltk.tokenize import WordPunctTokenizer

OUT = pathlib.Path("data/score/testdata/peers.json.gz")
WEB = pathlib.Path("../shared/data/web/dclm_quality_majority.jsonl.gz")
WEB_ROWS = 100


def load_dolma():
    """Imports dolma's Gopher tagger alone: its package wants much that it does not use."""
    root = pathlib.Path(importlib.util.find_spec("dolma").origin).parent
    for name, path in [("dolma", root), ("dolma.core", root / "core"), ("dolma.taggers", root / "taggers")]:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(path)]
    registry = types.ModuleType("dolma.core.registry")
    registry.TaggerRegistry = types.SimpleNamespace(add=lambda _: lambda c: c)
    taggers = types.ModuleType("dolma.core.taggers")
    taggers.BaseTagger = object
    sys.modules["dolma.core.registry"], sys.modules["dolma.core.taggers"] = registry, taggers
    return importlib.import_module("dolma.taggers.gopher")


dolma_gopher = load_dolma()


def datatrove(text):
    words = split_into_words(text, "en")
    real = [w for w in words if any(c not in PUNCTUATION_SET for c in w)]
    lines, n = text.splitlines(), len(words)
    v = {
        "words": len(real), "word_length": float(np.mean([len(w) for w in real])) if real else 0,
        "hashes_per_word": text.count("#") / n,
        "ellipses_per_word": (text.count("...") + text.count("…")) / n,
        "bullet_lines": sum(s.lstrip().startswith(("•", "-")) for s in lines) / len(lines),
        "ellipsis_lines": sum(s.rstrip().endswith(("...", "…")) for s in lines) / len(lines),
        "alpha_words": sum(any(c.isalpha() for c in w) for w in words) / n,
        "stop_words": len({"the", "be", "to", "of", "and", "that", "have", "with"} & set(words)),
    }
    paragraphs = re.split(r"\n{2,}", text.strip())
    d, c = find_duplicates(paragraphs)
    v["dup_paragraphs"], v["dup_paragraph_chars"] = d / len(paragraphs), c / len(text)
    lines = re.split(r"\n+", text)
    d, c = find_duplicates(lines)
    v["dup_lines"], v["dup_line_chars"] = d / len(lines), c / len(text)
    for k in (2, 3, 4):
        grams = get_n_grams(words, k)
        v[f"top_{k}gram"] = find_top_duplicate(grams) / len(text) if grams else 0
    for k in range(5, 11):
        v[f"dup_{k}gram"] = find_all_duplicate(words, k) / len(text)
    reasons = {}
    for name, f in FILTERS.items():
        r = f.filter(Document(text=text, id="0"))
        reasons[name] = r[1] if isinstance(r, tuple) else ""
    return v, reasons


FILTERS = {"quality": GopherQualityFilter(), "repetition": GopherRepetitionFilter(),
           "fineweb": FineWebQualityFilter(), "mc4": C4ParagraphFilter()}


def dolma(text):
    a = dolma_gopher.get_attributes(text)
    v = {
        "words": a.word_count, "word_length": a.median_word_length, "symbols_per_word": a.symbol_to_word_ratio,
        "alpha_words": a.fraction_of_words_with_alpha_character, "stop_words": a.required_word_count,
        "bullet_lines": a.fraction_of_lines_starting_with_bullet_point,
        "ellipsis_lines": a.fraction_of_lines_ending_with_ellipsis,
        "dup_lines": a.fraction_of_duplicate_lines, "dup_line_chars": a.fraction_of_characters_in_duplicate_lines,
    }
    for k, x in a.fraction_of_characters_in_most_common_ngram:
        v[f"top_{k}gram"] = x
    for k, x in a.fraction_of_characters_in_duplicate_ngrams:
        v[f"dup_{k}gram"] = x
    return v


RPV2_BULLETS = tuple("•‣▶◀◦■□▪▫–")


def rpv2(text):
    plain = text.translate(str.maketrans("", "", string.punctuation)).lower()
    words = unicodedata.normalize("NFD", re.sub(r"\s+", " ", plain.strip())).split()
    raw = WordPunctTokenizer().tokenize(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    sizes = [len(w) for w in words]
    chars = sum(sizes)
    v = {
        "words": len(words), "word_length": chars / len(words) if words else 0,
        "symbols_per_word": sum(text.count(s) for s in ("#", "...", "…")) / len(raw),
        "alpha_words": sum(bool(re.search("[a-zA-Z]", w)) for w in raw) / len(raw),
        "bullet_lines": sum(s.lstrip().startswith(RPV2_BULLETS) for s in lines) / len(lines),
        "ellipsis_lines": sum(s.rstrip().endswith(("...", "…")) for s in lines) / len(lines),
    }
    for k in range(2, 11):
        grams = [tuple(words[i:i + k]) for i in range(len(words) - k + 1)]
        counts = Counter(grams)
        x = 0
        if k <= 4:
            best = counts.most_common(1)
            if best and best[0][1] > 1:
                x = sum(map(len, best[0][0])) * best[0][1] / chars
        else:
            inside = [0] * len(words)
            for i, g in enumerate(grams):
                if counts[g] > 1:
                    inside[i:i + k] = [1] * k
            x = sum(s for s, on in zip(sizes, inside) if on) / chars if chars else 0
        v[f"top_{k}gram" if k <= 4 else f"dup_{k}gram"] = x
    return v


def juicer(text):
    counts = Counter(text[i:i + 10] for i in range(len(text) - 9))
    if not counts:
        return 0
    freq = sorted(counts.values(), reverse=True)
    top = min(int(math.sqrt(len(freq))), sum(c > 1 for c in freq))
    return sum(freq[:top]) / sum(freq)


SENTENCES = """The river that runs behind the old mill has been low since the spring.
A teacher came every morning to sort the books, and she wrote the cards in blue ink.
Nobody who grew up in the valley has forgotten her voice.
It is a well-known fact that rain in May is worth gold, but this year it didn't rain.
The farmer's daughter sold 1,250 baskets of plums for 3.75 each at the market.
They don't know what happened to the boat; it's gone, and so are the oars.
"Bring me the lamp," said the captain, "and close the door behind you!"
Have you seen the light on the hill (the one with the three windows)?
We walked for hours: through the wood, along the wall, and up to the chapel.
Children play there with hoops and with a dog that has only one ear.
She'll be back before the first snow, if the roads are open and the bridge holds.
All of it was written down in a book that nobody has opened for 40 years.
THE GREAT HALL WAS EMPTY, AND THE WIND WENT THROUGH IT.
Most people have a reason to be afraid of the sea...
The committee decided to open a library, and many people gave books to it.
To be of use is to be happy, as the old saying goes.
Tickets are #1 on the list of things that we have to buy.
Bread, cheese, apples and a bottle of milk were all that they had with them.
You've got to see it with your own eyes to believe it.
The clock on the tower struck 12:30, and the market-women packed their stalls.""".split("\n")
SHORT = ["Read more", "- bread", "- cheese and apples", "• plums", "Home", "* stars", "Contact us", "…", "The end."]
CHINESE = """秦川雄帝宅，函谷壮皇居。绮殿千寻起，离宫百雉馀。
床前明月光，疑是地上霜。举头望明月，低头思故乡。
白日依山尽，黄河入海流。欲穷千里目，更上一层楼。
春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。""".split("\n")


def texts():
    rng = random.Random(20261126)
    for kind in range(60):
        pool = rng.sample(SENTENCES, rng.choice([2, 5, 12, 20]))
        short = rng.sample(SHORT, rng.choice([1, 4]))
        lines = []
        for _ in range(rng.randrange(1, 14)):
            if rng.random() < 0.3 * (kind % 3):
                lines.append(rng.choice(short))
            else:
                lines.append(" ".join(rng.choices(pool, k=rng.randrange(1, 5))))
            if rng.random() < 0.15:
                lines.append(lines[-1])
        yield rng.choice(["\n", "\n\n"]).join(lines)
    for _ in range(12):
        yield "\n".join(rng.choice(CHINESE) for _ in range(rng.randrange(1, 8)))


def row(text):
    v, reasons = datatrove(text)
    peers = {"datatrove": v, "dolma": dolma(text), "rpv2": rpv2(text)}
    values = {f"{peer}_{k}": round(float(x), 9) for peer, vs in peers.items() for k, x in vs.items()}
    values["dup_char_10gram"] = round(juicer(text), 9)
    return {"values": values, "reasons": reasons}


def main():
    out = {"made": [{"text": t, **row(t)} for t in texts()], "web": []}
    if WEB.exists():
        for i, line in enumerate( list(gzip.open(WEB, "rt", encoding="utf-8"))[:WEB_ROWS]):
            r = json.loads(line)
            # Line ends and blanks as data/clean leaves them.
            text = "\n".join(s.strip() for s in r["text"].replace("\r\n", "\n").split("\n")).strip("\n")
            out["web"].append({"row": i, **row(text)})
    data = json.dumps(out, ensure_ascii=False, sort_keys=True, default=float,
                      separators=(",", ":")).encode()
    OUT.parent.mkdir(exist_ok=True)
    with open(OUT, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(data)
    print(len(out["made"]), len(out["web"]), OUT.stat().st_size)


main()
