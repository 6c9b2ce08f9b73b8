"""Makes golden.json with Hugging Face's logits processors; see README.md."""
import json
import os

import torch
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

torch.manual_seed(20240917)
cases = []


def case(name, logits, history, temperature=1.0, top_k=0, top_p=1.0, penalty=1.0):
    ids = torch.tensor([history], dtype=torch.long)
    scores = logits[None].clone()
    if penalty != 1.0:
        scores = RepetitionPenaltyLogitsProcessor(penalty)(ids, scores)
    greedy = int(scores.argmax())
    scores = TemperatureLogitsWarper(temperature)(ids, scores)
    if top_k:
        scores = TopKLogitsWarper(top_k)(ids, scores)
    if top_p < 1.0:
        scores = TopPLogitsWarper(top_p)(ids, scores)
    probs = scores.double().softmax(-1)[0]
    kept = [i for i, p in enumerate(probs.tolist()) if scores[0, i] != -float("inf")]
    cases.append(dict(
        name=name, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty,
        logits=[None if v == -float("inf") else v for v in logits.tolist()], history=history, greedy=greedy,
        kept=kept, probs=[probs[i].item() for i in kept]))


def random_logits(n, scale):
    return torch.randn(n) * scale


for i in range(6):
    n = [7, 40, 97][i % 3]
    logits = random_logits(n, [1.0, 3.0, 8.0][i // 2])
    history = torch.randint(0, n, (12,)).tolist()  # repeats included
    case("plain", logits, history)
    case("penalty", logits, history, penalty=1.3)
    case("reward", logits, history, penalty=0.8)
    case("temperature", logits, history, temperature=0.3)
    case("top-k", logits, history, top_k=5)
    case("top-p", logits, history, top_p=0.85)
    case("released chat settings", logits, history, 0.3, 5, 0.85, 1.05)
    case("all", logits, history, 1.7, 9, 0.6, 1.2)
case("top-k beyond the vocabulary", random_logits(6, 2), [], top_k=50)
case("top-k of one", random_logits(6, 2), [], top_k=1)
case("top-p keeps at least one", torch.tensor([0.0, 9.0, 0.0]), [], top_p=0.01)
case("ties at the k-th", torch.tensor([1.0, 2.0, 2.0, 2.0, 0.5, 3.0]), [], top_k=2)
case("masked tokens", torch.tensor([1.0, -float("inf"), 2.0, -float("inf"), 0.5]), [1, 2], 0.7, 4, 0.9, 1.5)
case("ties under top-p", torch.tensor([1.0, 1.0, 1.0, 1.0]), [], top_p=0.6)
case("zero and negative", torch.tensor([0.0, -0.0, -1.0, 1.0]), [0, 1, 2, 3, 3, 2], penalty=2.0)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    json.dump(cases, f, separators=(",", ":"))
