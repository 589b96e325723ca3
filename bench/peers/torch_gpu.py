"""Milliseconds of one Hessian product in PyTorch on CUDA: a vector at a time on a retained graph, or batched. Prints a lap.

usage: torch_gpu.py --products vector|batched
"""
import argparse
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from torch_models import resnet18, small_cnn

parser = argparse.ArgumentParser()
parser.add_argument("--products", choices=["vector", "batched"], default="vector")
arguments = parser.parse_args()
if not torch.cuda.is_available():
    sys.exit("PyTorch sees no CUDA device")
device = torch.device("cuda")
torch.manual_seed(1)
# as eigensketch computes: float32 without tensor cores
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
PATIENCE = 8


def measure(model, inputs, batch, width):
    model = model.to(device)
    parameters = list(model.parameters())
    x, y = torch.randn(batch, *inputs, device=device), torch.randint(10, (batch,), device=device)
    gradient = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)
    vectors = [torch.randn(width, *p.shape, device=device) for p in parameters]
    vector = [v[0].contiguous() for v in vectors]

    def run():
        if arguments.products == "vector":
            torch.autograd.grad(gradient, parameters, vector, retain_graph=True)
        else:
            torch.autograd.grad(gradient, parameters, vectors, retain_graph=True, is_grads_batched=True)
        torch.cuda.synchronize()

    started, best = time.perf_counter(), float("inf")
    run()
    for _ in range(5):
        begun = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begun)
        if time.perf_counter() - started > PATIENCE:
            break
    return 1000 * best / (1 if arguments.products == "vector" else width)


def peak(n=4096):
    a, b = torch.randn(n, n, device=device), torch.randn(n, n, device=device)
    best = float("inf")
    for _ in range(5):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(10):
            a @ b
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return 20 * n**3 / best / 1e9


perceptron = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
CASES = [
    ("784-50-10", perceptron, (784,), 50, [16, 64, 256, 1024]),
    ("CNN", small_cnn(), (3, 32, 32), 128, [4, 16, 64]),
    ("ResNet-18", resnet18(), (3, 32, 32), 128, [4, 16]),
    ("ResNet-18", resnet18(), (3, 32, 32), 512, [4]),
]
metrics = {"matrix product of order 4096: GFLOP/s": peak()}
for name, model, inputs, batch, widths in CASES:
    for width in [1] if arguments.products == "vector" else widths:
        try:
            metrics[f"{name}, batch {batch}, block {width}"] = measure(model, inputs, batch, width)
        except RuntimeError as error:  # a kernel without a batching rule, or memory
            print(f"{name}, batch {batch}, block {width}: {error}", file=sys.stderr)
print(
    json.dumps(
        {"metrics": metrics, "info": {"torch": torch.__version__, "device": torch.cuda.get_device_name(device)}}
    )
)
