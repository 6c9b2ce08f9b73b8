"""Writes data/lang/model/hans.txt and hant.txt: characters of one writing only.

A character is simplified only when OpenCC never keeps it on the way to
traditional, and traditional only the other way round. Run from the root of the
repository with Debian's opencc (1.1.6) installed: python3 scripts/gen_hans.py
"""
import pathlib
import subprocess
import tempfile


def only(name):
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run(["opencc_dict", "-i", f"/usr/share/opencc/{name}.ocd2", "-o", f.name,
                        "-f", "ocd2", "-t", "text"], check=True)
        lines = pathlib.Path(f.name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return "".join(sorted(k for k, v in pairs if k not in v.split(" ") and "\u3400" <= k <= "\u9fff")) + "\n"


out = pathlib.Path("data/lang/model")
out.joinpath("hans.txt").write_text(only("STCharacters"), encoding="utf-8")
out.joinpath("hant.txt").write_text(only("TSCharacters"), encoding="utf-8")
