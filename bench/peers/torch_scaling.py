"""HMT of diag(1/j) plus rank 20 in PyTorch for growing n and k, float32. Prints a lap.

usage: torch_scaling.py N:K [N:K ...]
"""
import json
import os
import resource
import sys
import time

import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)
metrics = {}
for case in sys.argv[1:]:
    n, k = (int(number) for number in case.split(":"))
    diagonal = 1 / torch.arange(1, n + 1, dtype=torch.float32)
    U = torch.randn(n, 20) / n**0.5

    def multiply(X):
        return diagonal[:, None] * X + U @ (U.T @ X)

    started = time.perf_counter()
    Q = torch.linalg.qr(multiply(torch.randn(n, k))).Q
    Z = multiply(Q)
    H = Q.T @ Z
    values, W = torch.linalg.eigh((H + H.T) / 2)
    V = Q @ W
    residuals = torch.linalg.norm(Z @ W - V * values, dim=0)
    metrics[f"n {n}, k {k}"] = time.perf_counter() - started
    del Q, Z, V
metrics["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"metrics": metrics, "info": {"torch": torch.__version__, "threads": torch.get_num_threads()}}))
