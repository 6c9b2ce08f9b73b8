#!/usr/bin/env python3
"""Time a training step, or matrix products, of PyTorch on the CPU in float32.

    torch_peer.py step --hidden 512 --layers 8 ... [--compile]
    torch_peer.py products NT:2048x512x512 TN:512x512x2048 ...

Prints one JSON object. The step is the one that `train bench step` times: a
decoder with RMSNorm, one packed q/k/v projection, rotary positions, causal
attention, SwiGLU, a head with normalised rows, cross-entropy plus max-z, clipping
to norm 1 and AdamW; random tokens, every position supervised, one document a row.
"""

import argparse
import json
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    step = modes.add_parser("step")
    shape = {"hidden": 512, "layers": 8, "heads": 8, "ffn": 1376, "vocab": 8192, "batch": 4, "seq": 512}
    for name, default in shape.items():
        step.add_argument("--" + name, type=int, default=default)
    step.add_argument("--warmup", type=int, default=2)
    step.add_argument("--steps", type=int, default=5)
    step.add_argument("--compile", action="store_true", help="run the model through torch.compile")
    step.add_argument("--adamw", choices=["foreach", "fused"], default="foreach")
    products = modes.add_parser("products")
    products.add_argument("--seconds", type=float, default=0.3, help="time for each product")
    products.add_argument("shapes", nargs="+", metavar="KIND:MxNxK")
    for mode in (step, products):
        mode.add_argument("--threads", type=int, default=0, help="0 is one per core")
    return parser.parse_args()


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.w_pack = nn.Linear(hidden, 3 * hidden, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x, cos, sin):
        rows, length, hidden = x.shape
        qkv = self.w_pack(x).view(rows, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(qkv[0], cos, sin), rotate(qkv[1], cos, sin)
        y = F.scaled_dot_product_attention(q, k, qkv[2], is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(rows, length, hidden))


def rotate(x, cos, sin):
    """Rotates pairs (i, i+D/2); cos and sin are [length, D/2]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Block(nn.Module):
    def __init__(self, hidden, heads, ffn):
        super().__init__()
        self.input_norm = nn.RMSNorm(hidden, eps=1e-6)
        self.attention = Attention(hidden, heads)
        self.ffn_norm = nn.RMSNorm(hidden, eps=1e-6)
        self.gate = nn.Linear(hidden, ffn, bias=False)
        self.up = nn.Linear(hidden, ffn, bias=False)
        self.down = nn.Linear(ffn, hidden, bias=False)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.input_norm(x), cos, sin)
        y = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Decoder(nn.Module):
    """Returns the loss of a batch."""

    def __init__(self, o):
        super().__init__()
        self.embed = nn.Embedding(o.vocab, o.hidden)
        self.blocks = nn.ModuleList([Block(o.hidden, o.heads, o.ffn) for _ in range(o.layers)])
        self.norm = nn.RMSNorm(o.hidden, eps=1e-6)
        self.head = nn.Parameter(torch.empty(o.vocab, o.hidden))
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
        dim = o.hidden // o.heads
        theta = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angles = torch.outer(torch.arange(o.seq, dtype=torch.float64), theta)
        self.register_buffer("cos", angles.cos().float())
        self.register_buffer("sin", angles.sin().float())

    def forward(self, ids, labels):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = F.linear(self.norm(x), F.normalize(self.head, dim=-1)).flatten(0, 1)
        max_z = logits.amax(dim=-1).square().mean()
        return F.cross_entropy(logits, labels.flatten()) + 2e-4 * max_z


def peak_rss():
    """The largest resident memory so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def time_step(o):
    imported = peak_rss()
    model = Decoder(o)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1,
        foreach=o.adamw == "foreach", fused=o.adamw == "fused",
    )
    loss_of = torch.compile(model) if o.compile else model
    seconds = []
    for _ in range(o.warmup + o.steps):
        ids, labels = torch.randint(o.vocab, (2, o.batch, o.seq)).unbind()
        start = time.perf_counter()
        loss = loss_of(ids, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[o.warmup:])
    return {
        "tokens_per_second": o.batch * o.seq / median, "step_seconds": median,
        "peak_rss_bytes": peak_rss(), "imported_rss_bytes": imported,
        "parameters": sum(p.numel() for p in model.parameters()), "loss": loss.item(),
    }


def time_product(spec, seconds):
    """KIND is NT (a times b transposed), NN or TN (a transposed times b)."""
    kind, size = spec.split(":")
    m, n, k = map(int, size.split("x"))
    left = torch.rand(k, m).T if kind[0] == "T" else torch.rand(m, k)
    right = torch.rand(n, k).T if kind[1] == "T" else torch.rand(k, n)
    out = torch.empty(m, n)
    samples, begin = [], time.perf_counter()
    while len(samples) < 4 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        samples.append(time.perf_counter() - start)
    median = statistics.median(samples[1:])
    return {"product": kind, "shape": size, "seconds": median, "gflops": 2 * m * n * k / median / 1e9}


def main():
    o = parse()
    if o.threads:
        torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    result = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    if o.mode == "step":
        result.update(time_step(o))
    else:
        with torch.no_grad():
            result["products"] = [time_product(s, o.seconds) for s in o.shapes]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
