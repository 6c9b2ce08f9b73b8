"""Writes tokenizer/testdata/train_golden.jsonl.gz anew: the same trainings by the
SentencePiece that is installed (0.2.3), and those of program text, which is full of tabs.

Run from the root of the repository: python scripts/golden_tokenizer_train.py
"""
import glob
import gzip
import io
import json

import sentencepiece

FOLDER = "tokenizer/testdata/"
FILE = FOLDER + "train_golden.jsonl.gz"


def train(config, corpus):
    model = io.BytesIO()
    settings = {k: v for k, v in config.items() if k not in ("control_symbols", "user_defined_symbols")}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus.split("\n")), model_writer=model, model_type="bpe",
        normalization_rule_name="identity", max_sentence_length=1 << 24, minloglevel=2,
        control_symbols=config["control_symbols"], user_defined_symbols=config["user_defined_symbols"], **settings)
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    return [[p.piece, p.type, p.score] for p in proto.pieces]


with gzip.open(FILE, "rt") as f:
    rows = [json.loads(line) for line in f]
rows = [r for r in rows if "\t" not in r.get("corpus", r.get("Corpus", ""))]
with gzip.open(FOLDER + "train_corpus.txt.gz", "rt") as f:
    whole = f.read()
code = "".join(open(p).read() for p in sorted(glob.glob("data/pack/*.go")))[:60000]
first = rows[0]["config"] if "config" in rows[0] else rows[0]["Config"]
for change in ({}, {"split_by_unicode_script": False}, {"allow_whitespace_only_pieces": False, "split_digits": False},
               {"split_by_whitespace": False}, {"treat_whitespace_as_suffix": True}):
    config = {**first, "vocab_size": 1200, "user_defined_symbols": [], "split_digits": True, **change}
    rows.append({"config": config, "corpus": code})
with open(FILE, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as f:
    for r in rows:
        config, corpus = r.get("config", r.get("Config")), r.get("corpus", r.get("Corpus", ""))
        row = {"config": config, "pieces": train(config, corpus or whole)}
        if corpus:
            row["corpus"] = corpus
        f.write((json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
