"""Products with the normalised adjacency matrix of random graphs, and its leading eigenpairs, by SciPy. Prints a lap.

The graphs are those of bench/jobs/sparse.ts, edge by edge. Arguments: NODES:PAIRS:WHICH.
"""
import argparse
import json
import statistics
import time

import numpy as np
import scipy
import scipy.sparse
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import LinearOperator, eigsh

EDGES = 5
WIDTHS = [1, 8, 32]
REPEATS = 5


def hash32(counter):
    """The finaliser of MurmurHash3."""
    h = counter.astype(np.uint32) * np.uint32(0x9E3779B1)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def normalised_adjacency(n, communities):
    k = np.arange(EDGES * n)
    start, end = (hash32(3 * k + part).astype(np.int64) % n for part in (0, 1))
    community = start % communities
    inside = hash32(3 * k + 2) % 1000 < 950 - 350 * community // communities
    end = np.where(inside, end - end % communities + community, end)
    row, col = np.concatenate((start, end)), np.concatenate((end, start))
    W = scipy.sparse.coo_matrix((np.ones(len(row)), (row, col)), shape=(n, n)).tocsr()
    A = -laplacian(W, normed=True).tocsr()
    A.setdiag(0)
    return A


parser = argparse.ArgumentParser()
parser.add_argument("sizes", nargs="+")
parser.add_argument("--communities", type=int, default=100)
arguments = parser.parse_args()
metrics = {}
for sizes in arguments.sizes:
    nodes, wanted, which = sizes.split(":")
    n, pairs = int(nodes), int(wanted)
    A = normalised_adjacency(n, arguments.communities)
    for cols in WIDTHS:
        if f"n {n}, product of {cols}" in metrics:
            continue
        X = np.random.default_rng(1).standard_normal((n, cols))
        seconds = []
        for _ in range(REPEATS + 1):
            started = time.perf_counter()
            A @ X
            seconds.append(time.perf_counter() - started)
        metrics[f"n {n}, product of {cols}"] = statistics.median(seconds[1:])
    products = 0

    def multiply(x):
        global products
        products += 1
        return A @ x

    counted = LinearOperator((n, n), matvec=multiply, dtype=np.float64)
    before = time.process_time()
    started = time.perf_counter()
    values, vectors = eigsh(counted, pairs, which=which, tol=1e-6, v0=np.random.default_rng(1).standard_normal(n))
    metrics[f"n {n}, {pairs} {which}"] = time.perf_counter() - started
    metrics[f"n {n}, {pairs} {which}, CPU seconds"] = time.process_time() - before
    metrics[f"n {n}, {pairs} {which}, products"] = products
    metrics[f"n {n}, {pairs} {which}, products of the check"] = 0
    metrics[f"n {n}, {pairs} {which}, largest residual"] = float(np.max(np.linalg.norm(A @ vectors - vectors * values, axis=0)))
print(json.dumps({"metrics": metrics, "info": {"scipy": scipy.__version__}}))
