"""HMT of diag(1/j) plus rank 20 in PyTorch for growing n and k, float32. Prints a lap.

N:K:plain is the diagonal alone. A small job before them loads what they use.

usage: torch_scaling.py N:K[:plain] [...]
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
for lap, case in enumerate(["5000:50", *sys.argv[1:]]):
    n, k = (int(number) for number in case.split(":")[:2])
    is_plain = case.endswith(":plain")
    diagonal = 1 / torch.arange(1, n + 1, dtype=torch.float32)
    U = torch.randn(n, 20) / n**0.5

    def multiply(X):
        return diagonal[:, None] * X if is_plain else diagonal[:, None] * X + U @ (U.T @ X)

    started = time.perf_counter()
    Q = torch.linalg.qr(multiply(torch.randn(n, k))).Q
    Z = multiply(Q)
    H = Q.T @ Z
    values, W = torch.linalg.eigh((H + H.T) / 2)
    V = Q @ W
    residuals = torch.linalg.norm(Z @ W - V * values, dim=0)
    if lap > 0:
        metrics[f"n {n}, k {k}{', diagonal' if is_plain else ''}"] = time.perf_counter() - started
    del Q, Z, V
metrics["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"metrics": metrics, "info": {"torch": torch.__version__, "threads": torch.get_num_threads()}}))
