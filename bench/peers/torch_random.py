"""Nanoseconds for a random number in PyTorch, 39,760 rows by 128. Prints a lap."""
import json
import os
import time

import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)
rows, cols, repeats = 39760, 128, 10

metrics = {}
for name in ["gaussian", "rademacher"]:
    for dtype in ["float32", "float64"]:
        block = torch.empty(rows, cols, dtype=getattr(torch, dtype))
        least = float("inf")
        for _ in range(repeats):
            started = time.perf_counter()
            if name == "gaussian":
                block.normal_()
            else:
                block.random_(0, 2).mul_(2).sub_(1)
            least = min(least, time.perf_counter() - started)
        metrics[f"{name}, {dtype}, ns"] = least * 1e9 / (rows * cols)
print(json.dumps({"metrics": metrics, "info": {"torch": torch.__version__, "threads": torch.get_num_threads()}}))
