"""Writes optim/testdata/adamw_torch.json: AdamW with clipping as PyTorch does it.

Run from the root of the repository with torch 2.x: python scripts/golden_adamw.py
"""
import json

import torch

torch.manual_seed(20231)
LRS = [1e-3, 2e-3, 1.5e-3, 1e-3, 5e-4, 1e-4]
# Large and small gradients, so that some steps are clipped and some are not.
SIZES = [1.0, 0.01, 30.0, 0.05, 0.002, 1e-7]
SHAPES = {"w": [3, 4], "embed": [5, 2], "gain": [6], "bias": [1], "unused": [2, 2]}
MAX_NORM, BETAS, EPS, DECAY = 0.5, (0.9, 0.95), 1e-8, 0.1


def rounded(t):
    """Values that float32 holds exactly, in float64."""
    return t.to(torch.float32).to(torch.float64)


params = {n: torch.nn.Parameter(rounded(torch.randn(s, dtype=torch.float64))) for n, s in SHAPES.items()}
out = {
    "torch": torch.__version__, "max_grad_norm": MAX_NORM, "beta1": BETAS[0], "beta2": BETAS[1],
    "epsilon": EPS, "weight_decay": DECAY, "decay_on": "matrices", "shapes": SHAPES,
    "start": {n: p.detach().flatten().tolist() for n, p in params.items()}, "steps": [],
}
opt = torch.optim.AdamW(
    [
        {"params": [p for p in params.values() if p.dim() >= 2], "weight_decay": DECAY},
        {"params": [p for p in params.values() if p.dim() < 2], "weight_decay": 0.0},
    ],
    lr=1.0, betas=BETAS, eps=EPS, foreach=False,
)
for lr, size in zip(LRS, SIZES):
    for n, p in params.items():
        g = torch.zeros_like(p) if n == "unused" else size * torch.randn(p.shape, dtype=torch.float64)
        p.grad = rounded(g)
    step = {"lr": lr, "grads": {n: p.grad.flatten().tolist() for n, p in params.items()}}
    step["grad_norm"] = float(torch.nn.utils.clip_grad_norm_(params.values(), MAX_NORM))
    for group in opt.param_groups:
        group["lr"] = lr
    opt.step()
    step["values"] = {n: p.detach().flatten().tolist() for n, p in params.items()}
    out["steps"].append(step)
out["m"] = {n: opt.state[p]["exp_avg"].flatten().tolist() for n, p in params.items()}
out["v"] = {n: opt.state[p]["exp_avg_sq"].flatten().tolist() for n, p in params.items()}
with open("optim/testdata/adamw_torch.json", "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
