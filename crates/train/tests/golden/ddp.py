"""Writes ddp.json: softmax regressions trained by PyTorch's DistributedDataParallel over gloo, on 2 and on 4 ranks.

The pictures are those of loop.py. Every rank takes its rows of each minibatch of 8 in stored order, and DDP averages the gradients of
the ranks' mean losses. Run: python ddp.py > ddp.json (PyTorch 2.11.0)
"""

import json
import os

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

CLASSES, PIXELS, COUNT, EPOCHS, BATCH = 3, 16, 44, 3, 8
images = torch.tensor([[(i * 31 + j * 17 + i * j) % 256 for j in range(PIXELS)] for i in range(COUNT)]).float() / 255
labels = torch.tensor([i * i % 7 % 3 for i in range(COUNT)])

RULES = {
    "optimizer={ kind = \"sgd\", momentum = 0.9 }": lambda it: torch.optim.SGD(it, lr=0.5, momentum=0.9),
    "optimizer={ kind = \"adam\" }": lambda it: torch.optim.Adam(it, lr=0.5),
}


def flat(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def train(rank, ranks, rule, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    model = torch.nn.Linear(PIXELS, CLASSES)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    shared = torch.nn.parallel.DistributedDataParallel(model)
    optimiser = RULES[rule](shared.parameters())
    share = BATCH // ranks
    for _ in range(EPOCHS):
        for start in range(0, COUNT - BATCH + 1, BATCH):
            own = slice(start + rank * share, start + (rank + 1) * share)
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(shared(images[own]), labels[own]).backward()
            optimiser.step()
    if rank == 0:
        results.put(dict(ranks=ranks, recipe=[rule, "minibatch.tail=drop"], weight=flat(model.weight), bias=flat(model.bias)))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    cases = []
    for ranks in (2, 4):
        for rule in RULES:
            results = mp.get_context("spawn").SimpleQueue()
            mp.spawn(train, args=(ranks, rule, results), nprocs=ranks)
            cases.append(results.get())
    print(json.dumps(dict(torch=torch.__version__, cases=cases), indent=1))
