"""Writes data/clean/testdata/t2s.tsv: traditional lines and what OpenCC makes of them.

Run from the root of the repository, with Debian's opencc (1.1.6) and the shared
reference data beside it: python3 scripts/golden_t2s.py
"""
import gzip
import json
import pathlib
import subprocess

OWN = """乾隆年間，皇帝在乾清宮裏聽完奏報，把衣服晾乾了，才說出「不乾不淨」四個字。
他瞭解情況以後，登高瞭望，一目瞭然；於是著手寫一部著作，名著一時。
錢鍾書與於右任的書都放在皇后後面的櫃子裏，鍾馗的畫掛在鐘樓上。
憑藉這份答覆，他反覆覆核了被覆蓋的檔案，狼藉的桌面上還有一條項鍊。
變徵之聲，壯士皆泣；徵兵的人走了，角徵羽三音猶在。
頭髮發白的幹部幹活幹得乾脆，樹幹上的麵包只剩一面。
計畫裏的里程碑離這裏三里，台灣的颱風吹到天台，檯燈倒了。
餘下的事由余先生辦，我不干涉，也不相干，更不想干擾你。
他喫了幾個薑餅，薴烯的味道很濃，隻身一人只好隻影自憐。
神祇、仿彿、彷徨、傢俱、二噁英、沈船、沈默、射覆、朝乾夕惕。
鬱鬱寡歡的人種了一片鬱金香，制度製造了衝突，沖茶的水很衝。
範先生的範例寫在扉頁，姓范的人不多；松樹下鬆了口氣，鬍子與胡說。""".splitlines()

lines = list(OWN)
seen = set()
with gzip.open("../shared/data/pretrain/zh_tang_poems.jsonl.gz", "rt", encoding="utf-8") as f:
    for i, row in enumerate(f):
        if i % 400 == 0:
            lines.append(json.loads(row)["text"].splitlines()[-1])
        for line in json.loads(row)["text"].splitlines():
            for c in "乾藉徵覆於著瞭鍾":  # characters that phrases decide
                if c in line and (c, i // 8000) not in seen:
                    seen.add((c, i // 8000))
                    lines.append(line)
text = "\n".join(lines) + "\n"
out = subprocess.run(["opencc", "-c", "t2s.json"], input=text, capture_output=True, text=True, check=True).stdout
rows = zip(text.splitlines(), out.splitlines(), strict=True)
pathlib.Path("data/clean/testdata/t2s.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
