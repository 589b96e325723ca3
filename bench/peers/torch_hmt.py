"""The work of reference in PyTorch: HMT of a Hessian by torch.linalg.qr, and 30 test products. Prints a lap.

usage: torch_hmt.py --products vector|batched [--dims 2000] [--tests 30]
vector: one double-backward product per column with the graph of the gradient retained, as curvlinops does.
batched: is_grads_batched, 128 columns at a time.
"""
import json
import resource
import time

import torch
from network784 import job_arguments, n, products

arguments = job_arguments()
torch.manual_seed(1)

multiply = products(arguments.products)
multiply(torch.ones(n, 2))

started = time.perf_counter()
Omega = torch.randint(0, 2, (n, arguments.dims)).float() * 2 - 1
Y = multiply(Omega)
del Omega
sketched = time.perf_counter()
Q = torch.linalg.qr(Y).Q
del Y
Z = multiply(Q)
H = Q.T @ Z
values, U = torch.linalg.eigh((H + H.T) / 2)
V = Q @ U
residuals = torch.linalg.norm(Z @ U - V * values, dim=0)
recovered = time.perf_counter()
G = torch.randn(n, arguments.tests)
AG = multiply(G)
difference = AG - V @ (values[:, None] * (V.T @ G))
error = (torch.linalg.norm(difference) / torch.linalg.norm(AG)).item()
finished = time.perf_counter()
print(
    json.dumps(
        {
            "metrics": {
                "seconds": finished - started,
                "sketch": sketched - started,
                "recovery": recovered - sketched,
                "certificate": finished - recovered,
                "relativeError": error,
                "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
            "info": {"torch": torch.__version__, "threads": torch.get_num_threads()},
        }
    )
)
