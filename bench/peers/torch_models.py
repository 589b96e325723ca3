"""Milliseconds of one Hessian product of a small CNN and of ResNet-18 in PyTorch, a vector at a time. Prints a lap."""
import json
import os
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, filters, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)])
        self.shortcut = None
        if stride != 1 or inputs != filters:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        h = F.relu(self.norms[0](self.first(x)))
        h = self.norms[1](self.second(h))
        return F.relu(h + (x if self.shortcut is None else self.shortcut(x)))


def resnet18():
    layers, width = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()], 64
    for stage, filters in enumerate([64, 128, 256, 512]):
        layers += [Block(width, filters, 1 if stage == 0 else 2), Block(filters, filters, 1)]
        width = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)).eval()


def measure(model, batch, repeats):
    parameters = list(model.parameters())
    x, y = torch.randn(batch, 3, 32, 32), torch.randint(10, (batch,))
    gradient = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)
    vector = [torch.randn_like(p) for p in parameters]
    best = float("inf")
    for _ in range(repeats + 1):
        started = time.perf_counter()
        torch.autograd.grad(gradient, parameters, vector, retain_graph=True)
        best = min(best, time.perf_counter() - started)
    return 1000 * best


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "metrics": {
                    "CNN, batch 32, block 1": measure(small_cnn(), 32, 10),
                    "ResNet-18, batch 8, block 1": measure(resnet18(), 8, 3),
                },
                "info": {"torch": torch.__version__, "threads": torch.get_num_threads()},
            }
        )
    )
