"""Golden values of data/warc: what the independent reader warcio sees.

    pip install warcio==1.8.1
    python3 scripts/golden_warc.py shared/data/web/sample-000*.warc.gz > data/warc/testdata/warcio.json

For each file a list of its records: the offset of the member, the type, the
address, the length of the content block and the SHA-256 of the content after
transfer and content codings were undone.
"""
import hashlib
import json
import os
import sys

from warcio.archiveiterator import ArchiveIterator


def records(path):
    with open(path, "rb") as f:
        it = ArchiveIterator(f)
        for r in it:
            body = r.content_stream().read()
            yield {
                "offset": it.get_record_offset(),
                "type": r.rec_type,
                "url": (r.rec_headers.get_header("WARC-Target-URI") or "").strip("<>"),
                "length": int(r.rec_headers.get_header("Content-Length")),
                "status": int(r.http_headers.get_statuscode()) if r.rec_type == "response" else 0,
                "sha256": hashlib.sha256(body).hexdigest(),
            }


json.dump({os.path.basename(p): list(records(p)) for p in sys.argv[1:]}, sys.stdout, indent=0)
print()
