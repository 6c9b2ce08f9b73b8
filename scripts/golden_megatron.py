#!/usr/bin/env python3
"""Writes small token files with Megatron-LM's own builder into data/megatron/testdata.

    golden_megatron.py write DIR     make the files
    golden_megatron.py read PREFIX   print the documents of a pair of files as JSON Lines

Needs megatron-core 0.16.1, torch, packaging and einops. Run it in the repository root.
"""

import json
import os
import sys

import numpy
import torch
from megatron.core.datasets.indexed_dataset import DType, IndexedDataset, IndexedDatasetBuilder

# Documents as lists of sequences.
CASES = {
    "int32": (125696, [[[5, 125695, 2]], [[70000]], [[1, 2, 3, 4], [9], [65536, 0]], [[7, 7]]]),
    "uint16": (65499, [[[5, 65498, 2]], [[1, 2, 3, 4], [9]], [[0]]]),
}


def write(folder):
    for name, (vocab, documents) in CASES.items():
        prefix = os.path.join(folder, name)
        builder = IndexedDatasetBuilder(prefix + ".bin", dtype=DType.optimal_dtype(vocab))
        for sequences in documents:
            for s in sequences:
                builder.add_item(torch.tensor(s))
            builder.end_document()
        builder.finalize(prefix + ".idx")
        with open(prefix + ".json", "w") as f:
            json.dump({"vocab_size": vocab, "documents": documents}, f)
            f.write("\n")


def read(prefix):
    data = IndexedDataset(prefix)
    bounds = data.document_indices
    for d in range(len(bounds) - 1):
        parts = [data[i] for i in range(int(bounds[d]), int(bounds[d + 1]))]
        print(json.dumps(numpy.concatenate(parts).tolist() if parts else []))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
