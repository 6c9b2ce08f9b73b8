"""Writes optim/testdata/schedules_transformers.json: learning rates of transformers.

Run from the root of the repository with torch 2.x and transformers 5.x:
python scripts/golden_schedules.py

rates[i] is the rate after i calls of scheduler.step(), for i = 0 to steps: what the
optimizer would use in step i+1 as people count, and step i as transformers counts.
The test converts, see optim/golden_schedule_test.go.
"""
import json

import torch
import transformers

PEAK = 3e-4
CASES = [
    # name, transformers' scheduler, total, warm-up, its own arguments, and ours
    ("cosine", "cosine", 40, 7, {}, {"min_lr_ratio": 0.0}),
    ("cosine without warm-up", "cosine", 33, 0, {}, {"min_lr_ratio": 0.0}),
    ("cosine with a lowest rate", "cosine_with_min_lr", 40, 7, {"min_lr_rate": 0.15}, {"min_lr_ratio": 0.15}),
    ("cosine counted from 1", "cosine_warmup_with_min_lr", 40, 7, {"min_lr_rate": 0.15}, {"min_lr_ratio": 0.15}),
    ("linear", "linear", 40, 7, {}, {"min_lr_ratio": 0.0}),
    ("linear with a lowest rate", "polynomial", 40, 7, {"lr_end": PEAK * 0.1, "power": 1.0}, {"min_lr_ratio": 0.1, "lr_scheduler_type": "linear"}),
    ("constant", "constant", 20, 0, {}, {}),
    ("constant with warm-up", "constant_with_warmup", 20, 6, {}, {}),
    ("polynomial", "polynomial", 40, 7, {"lr_end": PEAK * 0.2, "power": 2.5}, {"min_lr_ratio": 0.2, "lr_power": 2.5}),
    ("polynomial of power 1", "polynomial", 25, 3, {"lr_end": PEAK * 0.1, "power": 1.0}, {"min_lr_ratio": 0.1}),
]
for decay in ("cosine", "linear", "1-sqrt"):
    for low in (0.0, 0.1):
        CASES.append((
            f"warmup_stable_decay {decay} {low}", "warmup_stable_decay", 50, 8,
            {"num_decay_steps": 15, "decay_type": decay, "min_lr_ratio": low},
            {"lr_decay_steps": 15, "lr_decay_type": decay, "min_lr_ratio": low},
        ))


def rates(name, total, warmup, kwargs):
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    s = transformers.get_scheduler(name, opt, num_warmup_steps=warmup, num_training_steps=total, scheduler_specific_kwargs=kwargs)
    out = []
    for _ in range(total + 1):
        out.append(s.get_last_lr()[0])
        opt.step()
        s.step()
    return out


out = {"torch": torch.__version__, "transformers": transformers.__version__, "learning_rate": PEAK, "cases": []}
for title, name, total, warmup, theirs, ours in CASES:
    out["cases"].append({
        "title": title, "scheduler": name, "steps": total, "warmup_steps": warmup, "config": ours,
        "rates": rates(name, total, warmup, theirs),
    })
with open("optim/testdata/schedules_transformers.json", "w") as f:
    f.write(json.dumps(out, indent=1).replace("\n   ", " ").replace("[ ", "[") + "\n")
