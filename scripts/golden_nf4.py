"""Writes kernels/testdata/nf4_bitsandbytes.json: NF4 with double quantisation.

Run from the root of the repository with bitsandbytes and torch 2.x on the CPU:
python scripts/golden_nf4.py
"""
import base64
import hashlib
import json

import bitsandbytes
import bitsandbytes.functional as F
import torch

BLOCKS = 300  # one whole group of 256 block scales and a part of one


def values():
    """Weights that float32 arithmetic gives on any machine; Go repeats it."""
    i = torch.arange(BLOCKS * 64, dtype=torch.int64)
    block = i // 64
    uniform = ((i * 7919) % 65521 - 32760).to(torch.float32) / 32768
    spread = 1 + ((block * 37) % 101).to(torch.float32) / 128
    small = torch.where(block % 7 == 3, 0.0625, 1.0).to(torch.float32)
    x = uniform * spread * small
    x[64:128] = 0
    return x


x = values()
packed, state = F.quantize_4bit(x, blocksize=64, compress_statistics=True, quant_type="nf4")
wide = F.dequantize_4bit(packed, state).to(torch.float32)


def text(t):
    return base64.b64encode(t.contiguous().numpy().tobytes()).decode()


out = {
    "bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__, "blocks": BLOCKS,
    "normal_float": text(state.code), "dynamic_map": text(state.state2.code),
    "values": text(packed), "codes": text(state.absmax), "scales": text(state.state2.absmax),
    "offset": text(state.offset.reshape(1)), "absmax": text(F.dequantize_blockwise(state.absmax, state.state2) + state.offset),
    "widened_sha256": hashlib.sha256(wide.contiguous().numpy().tobytes()).hexdigest(),
}
with open("kernels/testdata/nf4_bitsandbytes.json", "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
