#!/usr/bin/env python3
"""Run a step of making a data set with the Python programs that are made for it.

    data_peer.py tokenizer  --model tokenizer.model --output tokenizer.json --texts DIR
    data_peer.py build      --texts DIR --tokenizer tokenizer.json --work DIR [--language zh] [--ftfy] [--exact]
    data_peer.py heuristics --texts DIR [--language zh]
    data_peer.py signatures --texts DIR --peer datatrove|text-dedup [--language zh]
    data_peer.py encode     --texts DIR --peer tokenizers|sentencepiece --tokenizer FILE

DIR holds .jsonl.gz files with id and text. Each prints one JSON object. All but build
have the texts in memory before the clock starts.

    pip install 'datatrove[io,processing]==0.10.1' spacy jieba ftfy tokenizers sentencepiece protobuf text-dedup==0.4.0

Where datatrove can do without a step or with a cheaper one, it does, so that it is not
slower than it must be: signatures are taken in the pass that filters, intermediate
files are not compressed, there is no language filter, and exact copies are left to
MinHash, which finds them, unless --exact adds the steps made for them.
"""

import argparse
import gzip
import json
import logging
import pathlib
import sys
import time

BANDS, ROWS, WORDS = 14, 8, 5
EOS = "</s>"
# What datatrove calls them: by the name zh it would split Chinese at blanks only.
LANGUAGES = {"en": "en", "zh": "cmn_Hani"}
# FineWeb-2's settings for Mandarin Chinese (configs/cmn_Hani.yml).
CHINESE_STOPS = list("的年在月是和日了於·為有被人中为他與後也而由")
CHINESE_TOP = ((2, 0.256), (3, 0.201), (4, 0.171))
CHINESE_DUP = ((5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    for name in ("tokenizer", "build", "heuristics", "signatures", "encode"):
        mode = modes.add_parser(name)
        mode.add_argument("--texts", required=True, type=pathlib.Path)
        mode.add_argument("--language", choices=["en", "zh"], default="en")
        if name in ("build", "encode"):
            mode.add_argument("--tokenizer", required=True, help="tokenizer.json; for sentencepiece tokenizer.model")
        if name == "tokenizer":
            mode.add_argument("--model", required=True)
            mode.add_argument("--output", required=True)
        if name == "build":
            mode.add_argument("--work", required=True, type=pathlib.Path, help="a new folder")
            mode.add_argument("--ftfy", action="store_true", help="clean the text before anything else")
            mode.add_argument("--exact", action="store_true", help="find exact copies by the steps made for them")
        if name in ("signatures", "encode"):
            mode.add_argument("--peer", required=True, choices=["datatrove", "text-dedup"] if name == "signatures" else ["tokenizers", "sentencepiece"])
    return parser.parse_args()


def read(folder):
    texts = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as f:
            texts += [json.loads(line)["text"] for line in f]
    return texts


def timed(texts, step):
    """Calls step for every text; the seconds are of one core."""
    size = sum(len(t.encode()) for t in texts)
    step(texts[0])  # load what is loaded lazily
    wall, cpu = time.perf_counter(), time.process_time()
    results = [step(t) for t in texts]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"documents": len(texts), "text_bytes": size, "seconds": wall, "cpu_seconds": cpu, "mb_per_second": size / wall / 1e6}, results


def filters(language):
    """FineWeb's filters for English, FineWeb-2's for Chinese."""
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter

    if language == "en":
        return [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(filter_no_terminal_punct=False), FineWebQualityFilter()]
    return [
        FineWebQualityFilter(language=LANGUAGES["zh"], short_line_thr=999, char_duplicates_ratio=0.1, line_punct_thr=0.106, new_line_ratio=0.178),
        GopherQualityFilter(language=LANGUAGES["zh"], min_avg_word_length=1, max_avg_word_length=5, stop_words=CHINESE_STOPS, max_non_alpha_words_ratio=0.735),
        GopherRepetitionFilter(language=LANGUAGES["zh"], dup_line_frac=0.287, top_n_grams=CHINESE_TOP, dup_n_grams=CHINESE_DUP),
    ]


def heuristics(o):
    from datatrove.data import Document

    steps = filters(o.language)

    def judge(text):
        doc = Document(text=text, id="")
        for step in steps:
            verdict = step.filter(doc)
            if verdict is not True:
                return verdict[1]
        return "kept"

    result, verdicts = timed(read(o.texts), judge)
    result["kept"] = verdicts.count("kept")
    return result


def signatures(o):
    if o.peer == "datatrove":
        import tempfile

        from datatrove.pipeline.dedup import MinhashDedupSignature
        from datatrove.pipeline.dedup.minhash import MinhashConfig

        step = MinhashDedupSignature(tempfile.gettempdir(), MinhashConfig(n_grams=WORDS, num_buckets=BANDS, hashes_per_bucket=ROWS), language=LANGUAGES[o.language])

        def sign(text):
            shingles = step.get_shingles(text)
            return step.get_signature(shingles) if shingles.size else None
    else:
        import numpy as np
        from text_dedup.minhash import embed_func
        from text_dedup.utils import xxh3_32hash

        rng, prime, perms = np.random.RandomState(42), np.uint64((1 << 61) - 1), BANDS * ROWS
        options = {
            "num_perm": perms, "ngram_size": WORDS, "min_length": WORDS, "hashranges": [(i * ROWS, (i + 1) * ROWS) for i in range(BANDS)],
            "permutations": (rng.randint(1, prime, size=perms, dtype=np.uint64), rng.randint(0, prime, size=perms, dtype=np.uint64)),
            "hash_func": xxh3_32hash, "dtype": np.uint64, "max_hash": np.uint32((1 << 32) - 1), "modulo_prime": prime,
        }

        def sign(text):
            return embed_func(text, 0, **options)

    return timed(read(o.texts), sign)[0]


def encode(o):
    if o.peer == "tokenizers":
        from tokenizers import Tokenizer

        tok = Tokenizer.from_file(o.tokenizer)
        result, tokens = timed(read(o.texts), lambda text: len(tok.encode(text).ids))
    else:
        import sentencepiece

        tok = sentencepiece.SentencePieceProcessor(model_file=o.tokenizer)
        result, tokens = timed(read(o.texts), lambda text: len(tok.encode(text)))
    return {**result, "tokens": sum(tokens)}


def convert(o):
    """Writes a SentencePiece BPE model as tokenizer.json and compares the two on the texts.

    A merge is each way to cut a piece in two that are pieces, in the order of the
    pieces' scores; pieces defined by the user become added tokens, which are found
    before anything is merged, as sentencepiece does.
    """
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as schema
    from tokenizers import AddedToken, Tokenizer, models, normalizers

    proto = schema.ModelProto()
    proto.ParseFromString(pathlib.Path(o.model).read_bytes())
    norm, kinds = proto.normalizer_spec, schema.ModelProto.SentencePiece
    if proto.trainer_spec.model_type != schema.TrainerSpec.BPE or norm.precompiled_charsmap or norm.remove_extra_whitespaces:
        sys.exit(f"data_peer: {o.model} is no BPE model that leaves the text as it is; this conversion knows only those")
    vocab = {p.piece: i for i, p in enumerate(proto.pieces)}
    merges = []
    for i, p in enumerate(proto.pieces):
        if p.type == kinds.NORMAL:
            cuts = ((p.piece[:k], p.piece[k:]) for k in range(1, len(p.piece)))
            merges += [(-p.score, i, vocab[a], vocab[b], a, b) for a, b in cuts if a in vocab and b in vocab]
    unknown = next(p.piece for p in proto.pieces if p.type == kinds.UNKNOWN)
    merges = [m[4:] for m in sorted(merges)]
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token=unknown, fuse_unk=True, byte_fallback=proto.trainer_spec.byte_fallback))
    blanks = [normalizers.Prepend("▁")] if norm.add_dummy_prefix else []
    tok.normalizer = normalizers.Sequence([*blanks, normalizers.Replace(" ", "▁")])
    tok.add_tokens([AddedToken(p.piece, normalized="▁" in p.piece) for p in proto.pieces if p.type == kinds.USER_DEFINED])
    tok.save(o.output)
    reference, differ, texts, tokens = sentencepiece.SentencePieceProcessor(model_file=o.model), 0, read(o.texts), 0
    for text in texts:
        ids = reference.encode(text)
        tokens += len(ids)
        differ += tok.encode(text, add_special_tokens=False).ids != ids
    return {"pieces": len(vocab), "merges": len(merges), "documents": len(texts), "tokens": tokens, "documents_that_differ": differ}


def build(o):
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.formatters import FTFYFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.tokens import DocumentTokenizer
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    config = MinhashConfig(n_grams=WORDS, num_buckets=BANDS, hashes_per_bucket=ROWS)
    at = {name: str(o.work / name) for name in ("kept", "signatures", "buckets", "remove", "tokens", "hashes", "copies")}
    clean = [FTFYFormatter(normalization="NFC", fix_line_breaks=True)] if o.ftfy else []
    kept = JsonlWriter(at["kept"], output_filename="${rank}.jsonl", compression=None)
    first = [JsonlReader(str(o.texts), glob_pattern="*.jsonl.gz"), *clean, *filters(o.language), kept]
    sign = MinhashDedupSignature(at["signatures"], config, language=LANGUAGES[o.language])
    middle, again = [], [JsonlReader(at["kept"])]
    if o.exact:
        load_word_tokenizer.cache_clear()  # the executor copies steps, which a segmenter that the first pass loaded forbids
        hashes, exact = exact_steps(at)
        middle = [("copies", 1, [hashes[1]]), ("signatures", 1, [JsonlReader(at["kept"]), exact, sign])]
        first, again = [*first, hashes[0]], [*again, exact]
    else:
        first.append(sign)
    stages = [
        ("filter", 1, first), *middle,
        ("buckets", BANDS, [MinhashDedupBuckets(at["signatures"], at["buckets"], config=config)]),
        ("cluster", 1, [MinhashDedupCluster(at["buckets"], at["remove"], config=config)]),
        ("tokenise", 1, [*again, MinhashDedupFilter(at["remove"]), DocumentTokenizer(at["tokens"], o.tokenizer, eos_token=EOS, seed=1)]),
    ]
    seconds, steps = {}, {}
    for name, tasks, pipeline in stages:
        begin = time.perf_counter()
        stats = LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(o.work / "logs" / name)).run()
        seconds[name] = time.perf_counter() - begin
        if name == "filter" and not list(pathlib.Path(at["kept"]).glob("*")):
            sys.exit("data_peer: the filters dropped every document; there is nothing to compare")
        for step in json.loads(stats.to_json()):
            counts = {k: step["stats"][k] for k in ("total", "forwarded", "dropped", "tokens") if k in step["stats"]}
            steps[f"{name}: {step['name']}"] = {k: total(v) for k, v in counts.items()} | {"seconds": total(step["time_stats"])}
    last = steps[next(s for s in steps if s.startswith("tokenise") and "Writer" in s)]
    tokens = sum(p.stat().st_size for p in pathlib.Path(at["tokens"]).glob("*.ds")) // 4
    documents = sum(p.stat().st_size for p in pathlib.Path(at["tokens"]).glob("*.index")) // 8
    if tokens != last.get("tokens", tokens):
        sys.exit(f"data_peer: the token files hold {tokens} tokens, the statistics say {last['tokens']}")
    return {"kept": documents, "tokens": tokens, "stages": seconds, "steps": steps}


def total(stat):
    """The sum of a statistic, which is a plain number where it never varied."""
    return stat["total"] if isinstance(stat, dict) else stat


def exact_steps(at):
    """The steps that write and compare hashes, and the one that drops what they found."""
    from datatrove.data import Document
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.dedup import ExactDedupConfig, ExactDedupFilter, ExactDedupSignature, ExactFindDedups

    def content(doc: Document) -> str:
        return doc.text

    config = ExactDedupConfig(content_getter=content)
    steps: list[PipelineStep] = [ExactDedupSignature(at["hashes"], config), ExactFindDedups(at["hashes"], at["copies"], config)]
    return steps, ExactDedupFilter(at["copies"], config)


def main():
    o = parse()
    logging.disable(logging.WARNING)
    run = {"tokenizer": convert, "build": build, "heuristics": heuristics, "signatures": signatures, "encode": encode}
    print(json.dumps(run[o.mode](o)))


if __name__ == "__main__":
    main()
