"""Milliseconds of one Hessian product of the 784-50-10 network in PyTorch, for batches of several sizes. Prints a lap.

usage: torch_products.py --products vector|batched
"""
import argparse
import json
import os
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--products", choices=["vector", "batched"], default="vector")
arguments = parser.parse_args()
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)
WIDTH = 128
parameters = [torch.randn(*shape) * 0.05 for shape in [(784, 50), (50,), (50, 10), (10,)]]
for parameter in parameters:
    parameter.requires_grad_()
n = sum(p.numel() for p in parameters)


def measure(samples):
    x, y = torch.rand(samples, 784), torch.randn(samples, 10)
    outputs = torch.relu(x @ parameters[0] + parameters[1]) @ parameters[2] + parameters[3]
    parts = torch.autograd.grad(((outputs - y) ** 2).mean(), parameters, create_graph=True)
    gradient = torch.cat([part.reshape(-1) for part in parts])
    vectors = torch.randn(WIDTH, n)

    def by_vector():
        return [torch.autograd.grad(gradient, parameters, v, retain_graph=True) for v in vectors]

    def by_block():
        return torch.autograd.grad(gradient, parameters, vectors, retain_graph=True, is_grads_batched=True)

    run = by_vector if arguments.products == "vector" else by_block
    run()
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return 1000 * best / WIDTH


width = 1 if arguments.products == "vector" else WIDTH
print(
    json.dumps(
        {
            "metrics": {f"batch {samples}, block {width}": measure(samples) for samples in [50, 200, 1000]},
            "info": {"torch": torch.__version__, "threads": torch.get_num_threads()},
        }
    )
)
