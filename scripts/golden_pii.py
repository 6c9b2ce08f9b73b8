"""Writes data/pii/testdata/datatrove.json: e-mail and IP addresses found by datatrove.

Run from the root of the repository with datatrove 0.10.1:
python scripts/golden_pii.py
"""
import json

from datatrove.pipeline.formatters.pii import PIIFormatter

TEXTS = [
    "Write to jane.doe@mail.org or JOHN_99@sub.domain.co.uk.",
    "<first+tag@my-host.io>, (second@b.de); third@c.fr!",
    "mailto:someone@firm.com?subject=hi",
    "no address: user@, @name, a@b, foo@bar..com, decorators @property",
    "o'brien@pub.ie wrote; \"quoted@q.com\"",
    "under_score@a-b.c-d.net.",
    "two@one.com,three@one.com three@two.com",
    "percent%a@b.cc and plus+b@c.dd",
    "the server 52.95.110.1 answered, 208.67.222.222 did not, 192.168.0.1 is ours, 10.0.0.1 too",
    "(203.0.113.9) 198.51.100.7, 100.64.3.4; 169.254.7.7 127.0.0.1 172.20.1.1 0.0.0.0 255.255.255.255",
    "host 185.199.108.153:443 and http://140.82.112.4/path",
    "ends with 93.184.216.34.",
    "1.2.3 is short; 300.1.1.1 and 1.1.1 are none; 01.02.03.04",
    "no personal data in this line, pi is 3.14159 and the year is 2024.",
    # From here on the two differ; the test says what is wanted instead.
    "numbers: x@y.123 and x@1.2",
    "邮箱zhang.san@qq.com，谢谢",
    "see url?email=foo@host.com",
    "git clone git@github.com:org/repo.git",
    "ask email@example.com",
    "image icon@2x.png",
    "release v52.95.110.1 and 52.95.110.1.7 and 952.95.110.1",
    "section 1.2.3.4 of the text",
    "group 224.0.0.251",
]


def found(replacer, text):
    """What the formatter replaces."""
    hits = (m.group(0) for m in replacer.regex.finditer(text))
    return [h for h in hits if replacer.validator is None or replacer.validator(h)]


pii = PIIFormatter()
rows = [{
    "text": t,
    "emails": found(pii.emails_replacer, t),
    "ips": found(pii.ip_replacer, t),
} for t in TEXTS]
with open("data/pii/testdata/datatrove.json", "w") as f:
    json.dump(rows, f, ensure_ascii=False, indent=1)
    f.write("\n")
