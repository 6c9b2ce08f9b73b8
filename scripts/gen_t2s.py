"""Writes data/clean/t2s/characters.txt and phrases.txt from OpenCC's dictionaries.

Run from the root of the repository with Debian's opencc (1.1.6) installed:
python3 scripts/gen_t2s.py
"""
import pathlib
import subprocess
import tempfile

OUT = pathlib.Path("data/clean/t2s")


def dump(name):
    """Returns {key: first candidate} of a dictionary."""
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run(["opencc_dict", "-i", f"/usr/share/opencc/{name}.ocd2", "-o", f.name,
                        "-f", "ocd2", "-t", "text"], check=True)
        lines = pathlib.Path(f.name).read_text(encoding="utf-8").splitlines()
    return {k: v.split(" ")[0] for k, v in (line.split("\t") for line in lines)}


def convert(s, characters, phrases):
    """Converts as OpenCC does: the longest phrase from the left, else a character."""
    out, i = [], 0
    while i < len(s):
        n = next((n for n in range(len(s) - i, 1, -1) if s[i:i + n] in phrases), 1)
        out.append(phrases[s[i:i + n]] if n > 1 else characters.get(s[i], s[i]))
        i += n
    return "".join(out)


characters, phrases = dump("TSCharacters"), dump("TSPhrases")
# One character's result is itself a key: follow it, so that twice equals once.
characters = {k: characters[v] if v != k and v in characters else v for k, v in characters.items()}
# A phrase may keep a character that the table alone would change. Such results
# become phrases themselves, so that converting again changes nothing.
for v in sorted(phrases.values()):
    if convert(v, characters, phrases) != v:
        phrases[v] = v
for v in phrases.values():
    assert convert(v, characters, phrases) == v, v

pairs = sorted((k, v) for k, v in characters.items() if k != v)
assert all(len(k) == len(v) == 1 for k, v in pairs)
assert all("\u3400" <= k[0] <= "\u9fff" for k in phrases)
(OUT / "characters.txt").write_text("".join(k + v for k, v in pairs) + "\n", encoding="utf-8")
(OUT / "phrases.txt").write_text("".join(f"{k} {v}\n" for k, v in sorted(phrases.items())), encoding="utf-8")
