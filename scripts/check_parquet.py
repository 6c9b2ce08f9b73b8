#!/usr/bin/env python3
"""Read a data set of `train data build` with other programs and check that all agree.

    scripts/check_parquet.py my-data [my-data ...]

Every shard is read by pyarrow and by DuckDB, the tokenizer by sentencepiece; pandas
and Hugging Face datasets read the documents too where they are installed. Checked:
checksums and rows against _manifest.json, footers, all columns between the readers,
counts against report.json, the shape of token rows, that rows hold each kept
document's tokens, and that tokens decode to the text. Prints a line per check; exits
with 1 if any failed, 2 on wrong usage.

    pip install pyarrow duckdb sentencepiece [pandas] [datasets]
"""

import argparse
import collections
import hashlib
import importlib
import json
import pathlib
import sys
import tempfile

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sentencepiece

KEPT, PADDING, SCHEMA = "kept", -1, "2"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--documents", type=int, default=2000, help="how many documents to decode, those of the first rows; 0 is all")
    return parser.parse_args()


class Checks:
    """Prints what was compared and counts what differed."""

    def __init__(self):
        self.failed = 0

    def __call__(self, what, ok, detail=""):
        self.failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {what}{': ' + str(detail) if detail != '' else ''}")

    def equal(self, what, got, want):
        self(what, got == want, got if got == want else f"{got}, should be {want}")


def same(a, b):
    """Whether two columns hold the same values, whatever names list items have."""
    a, b = (x.combine_chunks() if isinstance(x, pa.ChunkedArray) else x for x in (a, b))
    if len(a) != len(b) or a.null_count != b.null_count or not pc.is_null(a).equals(pc.is_null(b)):
        return False
    if pa.types.is_list(a.type) or pa.types.is_large_list(a.type):
        lengths = [pc.fill_null(pc.list_value_length(x), -1).cast(pa.int64()) for x in (a, b)]
        return lengths[0].equals(lengths[1]) and same(pc.list_flatten(a), pc.list_flatten(b))
    if pa.types.is_struct(a.type):
        names = [f.name for f in a.type]
        return names == [f.name for f in b.type] and all(same(pc.struct_field(a, n), pc.struct_field(b, n)) for n in names)
    if a.type != b.type:
        b = b.cast(a.type)
    return a.equals(b)


def check_files(check, folder, manifest):
    """Checksums, row counts and footers of every file that the manifest names."""
    named = {f["path"] for f in manifest["files"]}
    found = {str(p.relative_to(folder)) for p in folder.rglob("*.parquet")}
    check.equal("Parquet files are those of the manifest", sorted(found), sorted(n for n in named if n.endswith(".parquet")))
    documents = 0
    for f in manifest["files"]:
        path = folder / f["path"]
        content = path.read_bytes()
        check(f"{f['path']} has the manifest's size and SHA-256",
              len(content) == f["bytes"] and hashlib.sha256(content).hexdigest() == f["sha256"], f"{len(content)} bytes")
        if f["kind"] == "tokenizer":
            check.equal(f"{f['path']} is the manifest's tokenizer", f["sha256"], manifest["tokenizer_sha256"])
            continue
        want = {
            "huihai.schema": SCHEMA, "huihai.kind": "documents" if f["kind"] == "documents" else "tokens", "huihai.rows": str(f["rows"]),
            "huihai.config_hash": manifest["build_key"], "huihai.tokenizer_sha256": manifest["tokenizer_sha256"],
        }
        if f["kind"] == "documents" and f["rows"]:
            want |= {"huihai.min_doc_no": str(documents), "huihai.max_doc_no": str(documents + f["rows"] - 1)}
            documents += f["rows"]
        meta = pq.read_metadata(path)
        arrow = {k.decode(): v.decode() for k, v in (meta.metadata or {}).items() if k.startswith(b"huihai.")}
        duck = dict(duckdb.execute("select decode(key), decode(value) from parquet_kv_metadata(?)", [str(path)]).fetchall())
        duck = {k: v for k, v in duck.items() if k.startswith("huihai.")}
        check(f"{f['path']} has the right footer in both readers", arrow == want and duck == want,
              f"{len(want)} keys" if arrow == duck == want else f"pyarrow {arrow}, DuckDB {duck}, should be {want}")
        counted = duckdb.execute("select count(*) from read_parquet(?)", [str(path)]).fetchall()[0][0]
        check(f"{f['path']} has the manifest's rows in both readers", meta.num_rows == counted == f["rows"], f"{meta.num_rows}, {counted}, {f['rows']}")


def read_both(check, folder, files):
    """Reads the shards by pyarrow, compares them with DuckDB's reading, and returns them as one table."""
    tables = []
    for f in files:
        table = pq.read_table(folder / f["path"])
        other = duckdb.read_parquet(str(folder / f["path"])).to_arrow_table()
        differ = [n for n in table.column_names if n not in other.column_names or not same(table[n], other[n])]
        check(f"{f['path']}: pyarrow and DuckDB read the same values", not differ and table.column_names == other.column_names,
              f"{table.num_columns} columns" if not differ else f"columns {differ} differ")
        tables.append(table)
    return pa.concat_tables(tables) if tables else None


def check_others(check, folder, documents):
    """Reads the documents by pandas and by Hugging Face datasets, where installed."""
    want = list(zip(documents["id"].to_pylist(), documents["status"].to_pylist()))
    paths = [str(p) for p in sorted((folder / "documents").glob("*.parquet"))]

    def pandas(module):
        frame = module.concat([module.read_parquet(p) for p in paths])
        return list(zip(frame["id"], frame["status"])), frame["paragraphs"].map(len).sum()

    def datasets(module):
        with tempfile.TemporaryDirectory() as cache:
            rows = module.load_dataset("parquet", data_files=paths, split="train", cache_dir=cache)
            return list(zip(rows["id"], rows["status"])), sum(len(r["paragraphs"]) for r in rows.select_columns("paragraphs"))

    spans = pc.sum(pc.list_value_length(documents["paragraphs"])).as_py()
    for read in (pandas, datasets):
        try:
            module = importlib.import_module(read.__name__)
        except ImportError:
            print(f"--   {read.__name__} is not installed")
            continue
        ids, nested = read(module)
        check(f"{read.__name__} {module.__version__} reads the same (id, status) and as many paragraphs", ids == want and nested == spans, f"{len(ids)} documents, {nested} paragraphs")


def check_documents(check, documents, report):
    """Counts and columns of documents against report.json."""
    n, status, split = documents.num_rows, documents["status"].to_pylist(), documents["split"].to_pylist()
    check("doc_no counts from 0", documents["doc_no"].to_pylist() == list(range(n)))
    check("ids are different", len(set(documents["id"].to_pylist())) == n)
    counts = collections.Counter(status)
    check.equal("documents are those the report read", n, report["read"]["documents"])
    check.equal("status counts are the report's", dict(sorted(counts.items())),
                dict(sorted({KEPT: report["kept"]["documents"], **{k: v["documents"] for k, v in report["dropped"].items()}}.items())))
    tokens, copies = (np.asarray(documents[c], dtype=np.int64) for c in ("token_count", "copies"))
    kept = np.array([s == KEPT for s in status])
    check("kept documents, and no others, have tokens, a split and a weight",
          bool((kept == (tokens > 0)).all() and (kept == np.array([s != "" for s in split])).all() and (np.asarray(documents["sample_weight"])[~kept] == 0).all()))
    texts = documents["text"]
    sizes = np.asarray(pc.binary_length(texts), dtype=np.int64)
    check.equal("bytes of kept text are the report's", int(sizes[kept].sum()), report["kept"]["bytes"])
    for part in report["splits"]:
        own = np.array([s == part["name"] for s in split])
        check.equal(f"{part['name']}: token_count sums to the report's tokens", int(tokens[own].sum()), part["tokens"])
        check.equal(f"{part['name']}: token_count times copies sums to the ledger's", int((tokens * copies)[own].sum()), part["ledger"]["tokens"])
    for column in ("paragraphs", "sentences"):
        spans = documents[column].combine_chunks()
        parent, flat = pc.list_parent_indices(spans), pc.list_flatten(spans)
        start, end, parent = (np.asarray(x, dtype=np.int64) for x in (pc.struct_field(flat, "start"), pc.struct_field(flat, "end"), parent))
        inside = (start >= 0).all() and (start < end).all() and (end <= sizes[parent]).all()
        rising = (end[:-1] <= start[1:])[parent[:-1] == parent[1:]].all()
        check(f"{column} are rising byte ranges of their text", bool(inside and rising), f"{len(start)} spans")
    clusters = duckdb.execute("""select count(*), count(*) filter (n != lo or n != hi or least != c or not has) from (
        select minhash_cluster_id c, count(*) n, min(minhash_cluster_size) lo, max(minhash_cluster_size) hi, min(doc_no) least, bool_or(is_canonical) has
        from documents where minhash_cluster_id >= 0 group by c)""").fetchall()[0]
    check("clusters have the size they claim, a canonical member, and their least doc_no as name", clusters[1] == 0, f"{clusters[0]} clusters, {clusters[1]} wrong")


def pieces(row_lengths, starts, docs, width):
    """The row, begin, end and document of every piece of the rows."""
    rows = np.repeat(np.arange(len(row_lengths)), row_lengths)
    last = np.cumsum(row_lengths) - 1
    ends = np.append(starts[1:], width)
    ends[last] = width
    return rows, starts, ends, docs


def check_rows(check, name, table, documents, split, width, decode, sp, eos):
    """Rows of tokens: their shape, whose tokens they hold, and what these say."""
    n = table.num_rows
    lists = {c: table[c].combine_chunks() for c in ("token_ids", "doc_starts", "doc_nos")}
    part, place = np.divmod(np.asarray(table["seq_no"]), 1 << 32)
    begins = np.flatnonzero(np.r_[True, part[1:] != part[:-1]])
    check(f"{name}: seq_no counts from 0 in each part, the part in its upper half",
          bool((np.diff(part) >= 0).all() and (place == np.arange(n) - np.repeat(begins, np.diff(np.r_[begins, n]))).all()), f"{len(begins)} parts")
    lengths = {c: np.asarray(pc.list_value_length(v)) for c, v in lists.items()}
    check(f"{name}: every row has {width} tokens", bool((lengths["token_ids"] == width).all()), f"{n} rows")
    check(f"{name}: doc_starts and doc_nos are as long as each other, and not empty",
          bool((lengths["doc_starts"] == lengths["doc_nos"]).all() and (lengths["doc_starts"] > 0).all()))
    ids, starts, nos = (np.asarray(pc.list_flatten(lists[c])) for c in ("token_ids", "doc_starts", "doc_nos"))
    rows, begin, end, docs = pieces(lengths["doc_starts"], starts, nos, width)
    first = np.r_[True, rows[1:] != rows[:-1]]
    check(f"{name}: doc_starts begin with 0 and rise below {width}", bool((begin[first] == 0).all() and (end > begin).all() and (end <= width).all()), f"{len(docs)} pieces")
    pad = docs == PADDING
    check(f"{name}: padding comes last in a row", bool((end[pad] == width).all()), f"{int((end - begin)[pad].sum())} tokens of padding")
    check(f"{name}: ids are of the vocabulary", bool(((ids >= 0) & (ids < sp.get_piece_size())).all()))
    held = np.zeros(documents.num_rows, dtype=np.int64)
    np.add.at(held, docs[~pad], (end - begin)[~pad])
    tokens, copies = (np.asarray(documents[c], dtype=np.int64) for c in ("token_count", "copies"))
    own = np.array([s == split for s in documents["split"].to_pylist()])
    check(f"{name}: rows hold token_count times copies tokens of each document of the split, and of no other",
          bool((held == np.where(own, tokens * copies, 0)).all()), f"{int(held.sum())} tokens")
    sources = documents["source"].to_numpy()
    check(f"{name}: rows are of one source", bool((sources[docs[~pad]] == table["source"].to_numpy()[rows[~pad]]).all()))
    check_text(check, name, ids.reshape(n, width), rows, begin, end, docs, documents, copies, decode, sp, eos)


def lay(found, want):
    """Joins pieces in the order in which they make up want, as far as they do: rows are shuffled, so the file does not say."""
    left, got = list(found), []
    while left:
        fits = next((p for p in left if p == want[len(got):len(got) + len(p)]), left[0])
        left.remove(fits)
        got += fits
    return got


def check_text(check, name, ids, rows, begin, end, docs, documents, copies, limit, sp, eos):
    """Joins the pieces of documents and compares them with sentencepiece both ways."""
    chosen = [d for d in dict.fromkeys(docs.tolist()) if d != PADDING and copies[d] == 1]
    chosen = set(chosen[:limit] if limit else chosen)
    held = collections.defaultdict(list)
    for row, b, e, doc in zip(rows.tolist(), begin.tolist(), end.tolist(), docs.tolist()):
        if doc in chosen:
            held[doc].append(ids[row, b:e].tolist())
    unclosed, undecoded, unencoded = [], [], []
    for doc, found in held.items():
        text = documents["text"][doc].as_py()
        want = sp.encode(text)
        got = lay(found, want + [eos])
        if got[-1] != eos:
            unclosed.append(doc)
        if sp.decode(got[:-1]) != text.replace("\u2581", " "):  # the sign that SentencePiece itself puts for blanks
            undecoded.append(doc)
        if want != got[:-1]:
            unencoded.append(doc)
    for what, wrong in ((f"documents end with token {eos}", unclosed), ("tokens decode to the document's text", undecoded),
                        ("sentencepiece encodes the text to the same ids", unencoded)):
        cut = sum(len(p) > 1 for p in held.values())
        check(f"{name}: {what}", not wrong, f"{len(wrong)}, first doc_no {wrong[:5]}" if wrong else f"{len(held)} documents, {cut} of them cut")


def check_folder(check, folder, limit):
    manifest = json.loads((folder / "_manifest.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    check_files(check, folder, manifest)
    kinds = {k: [f for f in manifest["files"] if f["kind"] == k] for k in ("documents", "tokens", "validation")}
    documents = read_both(check, folder, kinds["documents"])
    duckdb.register("documents", documents)
    check_documents(check, documents, report)
    check_others(check, folder, documents)
    sp = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    check.equal("the vocabulary has the manifest's size", sp.get_piece_size(), manifest["vocab_size"])
    for part in report["splits"]:
        kind = "tokens" if part["name"] == "train" else "validation"
        table = read_both(check, folder, kinds[kind])
        check.equal(f"{kind}: rows are the report's", table.num_rows if table else 0, part["rows"])
        if table and table.num_rows:
            check_rows(check, kind, table, documents, part["name"], manifest["sequence_length"] + 1, limit, sp, manifest["eos_token_id"])


def main():
    o = parse()
    check = Checks()
    print(f"pyarrow {pa.__version__}, DuckDB {duckdb.__version__}, sentencepiece {sentencepiece.__version__}")
    for folder in o.folders:
        if not (folder / "_manifest.json").is_file():
            print(f"check_parquet: {folder} is no data set: it has no _manifest.json", file=sys.stderr)
            sys.exit(2)
        print(f"== {folder}")
        check_folder(check, folder, o.documents)
    print(f"{check.failed} checks failed" if check.failed else "all checks passed")
    sys.exit(check.failed > 0)


if __name__ == "__main__":
    main()
