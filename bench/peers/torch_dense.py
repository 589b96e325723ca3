"""Seconds of dense algebra in PyTorch: QR of 39760 x 2000 float32, float64 eigh and product. Prints a lap."""
import json
import os
import time

import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)


def best(work, repeats=1):
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


metrics = {}
if torch.get_num_threads() > 1:
    Y = torch.randn(39760, 2000)
    metrics["orthonormalise 39760 x 2000 float32"] = best(lambda: torch.linalg.qr(Y))
    for k in [256, 512, 1024, 2000]:
        A = torch.randn(k, k, dtype=torch.float64)
        A = A + A.T
        metrics[f"eigh {k}"] = best(lambda: torch.linalg.eigh(A), 3 if k < 1000 else 1)
A = torch.randn(1024, 1024, dtype=torch.float64)
metrics["product 1024 float64"] = best(lambda: A @ A, 5)
print(json.dumps({"metrics": metrics, "info": {"torch": torch.__version__, "threads": torch.get_num_threads()}}))
