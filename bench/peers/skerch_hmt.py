"""The work of reference by skerch: its seigh (hmt, Rademacher) of a Hessian, and its estimate of the error from 30 tests. Prints a lap.

usage: skerch_hmt.py --products vector|batched [--dims 2000] [--tests 30]
EIGENSKETCH_SKERCH names the folder that holds the package `skerch`, where it is not installed.
"""
import json
import os
import resource
import sys
import time
import types

import torch
from network784 import job_arguments, n, products

sys.path.insert(0, os.environ.get("EIGENSKETCH_SKERCH", ""))
try:
    import torch_dct
except ImportError:
    # cosine transforms, which the test matrices used here do not need
    sys.modules["torch_dct"] = types.ModuleType("torch_dct")
# types of integers that it lists, and versions of PyTorch before 2.3 lack
for name in ("uint16", "uint32", "uint64"):
    if not hasattr(torch, name):
        setattr(torch, name, torch.uint8)
from skerch.a_posteriori import apost_error
from skerch.algorithms import seigh

arguments = job_arguments()
multiply = products(arguments.products)
multiply(torch.ones(n, 2))


class Hessian:
    """A square symmetric operator as skerch takes them."""

    shape = (n, n)

    def __matmul__(self, X):
        return multiply(X if X.ndim == 2 else X[:, None]).reshape(X.shape)

    def __rmatmul__(self, X):
        return (self @ X.T).T


class LowRank(Hessian):
    def __init__(self, values, vectors):
        self.values, self.vectors = values, vectors

    def __matmul__(self, X):
        return self.vectors @ (self.values[:, None] * (self.vectors.T @ X.reshape(n, -1))).reshape(-1, *X.shape[1:])


H = Hessian()
started = time.perf_counter()
values, vectors = seigh(H, "cpu", torch.float32, arguments.dims, seed=1, noise_type="rademacher", recovery_type="hmt")
recovered = time.perf_counter()
(squared, _, error), _ = apost_error(
    H, LowRank(values, vectors), "cpu", torch.float32, num_meas=arguments.tests, seed=10**6, adj_meas=False
)
finished = time.perf_counter()
print(
    json.dumps(
        {
            "metrics": {
                "seconds": finished - started,
                "certificate": finished - recovered,
                "relativeError": float((error / squared) ** 0.5),
                "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
            "info": {"torch": torch.__version__, "threads": torch.get_num_threads()},
        }
    )
)
