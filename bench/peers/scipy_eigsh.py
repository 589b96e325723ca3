"""Ten leading eigenpairs of the 784-50-10 Hessian by scipy.sparse.linalg.eigsh with PyTorch products. Prints a lap.

Products are double backward on retained graphs, one vector at a time, as curvlinops and hessian-eigenthings do.
"""
import argparse
import json
import os
import statistics
import time

import numpy as np
import scipy
import torch
from network784 import eigenvalues, n, parameters, retained_gradients
from scipy.sparse.linalg import LinearOperator, eigsh

parser = argparse.ArgumentParser()
parser.add_argument("--tol", type=float, default=1e-3)
arguments = parser.parse_args()
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
K = 10
CALLS = 20

gradients = retained_gradients()

products = 0
product_seconds = 0.0


def multiply(x):
    global products, product_seconds
    called = time.perf_counter()
    v = torch.from_numpy(np.ascontiguousarray(x.ravel(), dtype=np.float32))
    total = sum(
        torch.cat([part.reshape(-1) for part in torch.autograd.grad(g, parameters, v, retain_graph=True)])
        for g in gradients
    )
    products += 1
    product_seconds += time.perf_counter() - called
    return (total / len(gradients)).numpy()


H = LinearOperator((n, n), matvec=multiply, dtype=np.float32)
eigsh(H, K, tol=arguments.tol, v0=np.random.default_rng(9).standard_normal(n).astype(np.float32))

start = np.random.default_rng(1).standard_normal(n).astype(np.float32)
calls, in_products = [], []
for _ in range(CALLS):
    products = 0
    product_seconds = 0.0
    started = time.perf_counter()
    values, _ = eigsh(H, K, tol=arguments.tol, v0=start)
    calls.append(time.perf_counter() - started)
    in_products.append(product_seconds)
values = values[np.argsort(-np.abs(values))]
print(
    json.dumps(
        {
            "metrics": {
                "seconds": statistics.median(calls),
                "seconds in products": statistics.median(in_products),
                "seconds, second call": calls[0],
                "products": products,
                "products of the check": 0,
                "relative eigenvalue error": float(np.max(np.abs(values / eigenvalues[:K] - 1))),
            },
            "info": {"scipy": scipy.__version__, "torch": torch.__version__, "threads": torch.get_num_threads()},
        }
    )
)
