"""Writes optim/testdata/optim_reference.json: five steps of each optimizer elsewhere.

Run from the root of the repository with torch 2.x and bitsandbytes on the CPU:
python scripts/golden_optim.py

adafactor is torch.optim.Adafactor in float64. muon is torch.optim.Muon in float64, its
own source with the cast to bfloat16 left out, and torch.optim.AdamW for the tensors that
it does not take. adamw_8bit is bitsandbytes.optim.AdamW8bit on the CPU, storing states at
the nearest code, as its CUDA kernels and its plain backend do: the CPU library looks codes
up in a table that is too coarse for small values (it turns 0 into code 7).
Weights and gradients come from integer arithmetic that the test repeats.
"""
import base64
import inspect
import json

import bitsandbytes
import bitsandbytes.backends.cpu.ops as bnb_cpu
import bitsandbytes.functional
import numpy as np
import torch
import torch.optim._muon as torch_muon

LRS = [0.01, 0.02, 0.8, 0.01, 0.005]  # the third is above 1/sqrt(3), which bounds adafactor
BETAS, EPS, DECAY = (0.9, 0.95), 1e-8, 0.1
SHAPES = {"a.weight": [6, 10], "b.weight": [210, 20], "c.weight": [9, 64], "model.embed_tokens.weight": [12, 8], "norm.weight": [17]}


def noise(name, step, shape):
    """Numbers in [-1, 1) by splitmix64, in rows of different size and some of zero."""
    n, seed = int(np.prod(shape)), sum(name.encode()) * 1000 + step
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed) * np.uint64(0xD1B54A32D192ED03)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    x = ((z >> np.uint64(40)).astype(np.int64) - (1 << 23)) / float(1 << 23)
    if step > 0:  # gradients
        row = np.arange(n) // shape[-1] if len(shape) > 1 else np.arange(n)
        x = np.where(row % 11 == 10, 0.0, x * 2.0 ** -(row % 5).astype(float))
    return torch.tensor(x.reshape(shape), dtype=torch.float64)


def text(t):
    t = t.detach().contiguous()
    return base64.b64encode((t if t.dtype == torch.uint8 else t.to(torch.float32)).numpy().tobytes()).decode()


def run(dtype, make, keep_state):
    """make returns optimizers for the parameters by name."""
    params = {n: torch.nn.Parameter(noise(n, 0, s).to(dtype)) for n, s in SHAPES.items()}
    opts = make(params)
    for i, lr in enumerate(LRS):
        for n, p in params.items():
            p.grad = noise(n, i + 1, SHAPES[n]).to(dtype)
        for opt in opts:
            for group in opt.param_groups:
                group["lr"] = lr
            opt.step()
    values = {n: text(params[n]) for n in SHAPES}
    state = {}
    for opt in opts:
        for n, p in params.items():
            for key, theirs in keep_state.items():
                if p in opt.state and theirs in opt.state[p]:
                    state[f"{key}.{n}"] = text(opt.state[p][theirs])
    return {"values": values, "state": state}


def groups(params):
    return [
        {"params": [p for p in params if p.dim() >= 2], "weight_decay": DECAY},
        {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0},
    ]


def adafactor(params):
    return [torch.optim.Adafactor(groups(params.values()), lr=1.0, beta2_decay=-0.8, eps=(2.0**-23, 1e-3), d=1.0, foreach=False)]


def muon(adjust):
    def make(params):
        matrices = [p for n, p in params.items() if p.dim() == 2 and "embed_tokens" not in n]
        rest = [p for p in params.values() if not any(p is m for m in matrices)]
        return [
            torch.optim.Muon(matrices, lr=1.0, weight_decay=DECAY, momentum=0.95, nesterov=True, adjust_lr_fn=adjust),
            torch.optim.AdamW([g for g in groups(rest) if g["params"]], lr=1.0, betas=BETAS, eps=EPS, foreach=False),
        ]
    return make


def adamw8(params):
    return [bitsandbytes.optim.AdamW8bit(groups(params.values()), lr=1.0, betas=BETAS, eps=EPS)]


def store_nearest(x, code, absmax_out, out, blocksize):
    n = x.numel()
    flat = torch.nn.functional.pad(x.reshape(-1), (0, -n % blocksize)).reshape(-1, blocksize)
    absmax = flat.abs().max(dim=1).values
    share = flat / absmax.clamp(min=1e-38)[:, None]
    bounds = (code[:-1] + code[1:]) / 2
    out.copy_(torch.bucketize(share.reshape(-1)[:n], bounds).to(torch.uint8).reshape(out.shape))
    absmax_out.copy_(absmax)


if not hasattr(bnb_cpu, "_quant_blockwise_fp32_direct"):
    raise SystemExit("bitsandbytes stores states in another way now; look at its CPU backend")
bnb_cpu._quant_blockwise_fp32_direct = store_nearest

source = inspect.getsource(torch_muon._zeropower_via_newtonschulz)
wide = source.replace("dtype=torch.bfloat16", "dtype=torch.float64").replace("grad.bfloat16()", "grad.double()")
if wide == source:
    raise SystemExit("torch.optim.Muon casts to bfloat16 in another way now; look at its source")
exec(wide, torch_muon.__dict__)

out = {
    "torch": torch.__version__, "bitsandbytes": bitsandbytes.__version__, "numpy": np.__version__,
    "learning_rates": LRS, "beta1": BETAS[0], "beta2": BETAS[1], "epsilon": EPS, "weight_decay": DECAY, "shapes": SHAPES,
    "dynamic_map": text(bitsandbytes.functional.create_dynamic_map(signed=True)),
    "dynamic_map_unsigned": text(bitsandbytes.functional.create_dynamic_map(signed=False)),
    "cases": {
        "adafactor": run(torch.float64, adafactor, {"row_var": "row_var", "col_var": "col_var", "variance": "variance"}),
        "muon match_rms_adamw": run(torch.float64, muon("match_rms_adamw"), {"momentum_buffer": "momentum_buffer", "exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}),
        "muon original": run(torch.float64, muon("original"), {}),
        "adamw_8bit": run(torch.float32, adamw8, {"exp_avg": "state1", "exp_avg_sq": "state2", "exp_avg_absmax": "absmax1", "exp_avg_sq_absmax": "absmax2"}),
    },
}
with open("optim/testdata/optim_reference.json", "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
