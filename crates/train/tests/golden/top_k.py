"""Samples that are no top-k hit, by torch.topk: top_k.py > top_k.json. Logits are distinct within a row, because topk
does not say which of equal ones it takes."""

import json

import torch

torch.manual_seed(5)
logits = torch.stack([torch.randperm(1000)[:7] for _ in range(40)]).double() / 100 - 5
labels = torch.randint(7, (40,))
wrong = [(logits.topk(k).indices != labels[:, None]).all(1).sum().item() for k in range(1, 8)]
rows = [[round(x, 2) for x in row] for row in logits.tolist()]
print(json.dumps({"logits": rows, "labels": labels.tolist(), "wrong": wrong}))
