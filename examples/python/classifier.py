"""The Hessian of a small classifier in PyTorch, for eigensketch; as a program, ten of its eigenpairs by SciPy.

    make(inputs, hidden, classes, samples)      the operator: two derivatives, a block of directions at a time
    python3 classifier.py FOLDER [SIZES...]     writes eigenvalues and eigenvectors as raw float64 numbers
"""
import json
import os
import sys

import torch
from eigensketch_server import Operator


def make(inputs=64, hidden=16, classes=10, samples=200):
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the same sums in every process: each trains its own
    model = torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, classes)).double()
    labels = torch.randint(classes, (samples,))
    x = torch.randn(samples, inputs, dtype=torch.float64) + torch.eye(classes, inputs, dtype=torch.float64)[labels] * 3
    params = list(model.parameters())
    optimizer = torch.optim.Adam(params, lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    gradient = torch.cat([part.reshape(-1) for part in torch.autograd.grad(loss, params, create_graph=True)])

    def multiply(V):
        parts = torch.autograd.grad(gradient, params, V.T, retain_graph=True, is_grads_batched=True)
        return torch.cat([part.reshape(V.shape[1], -1) for part in parts], dim=1).T

    return Operator((len(gradient),) * 2, dtype=torch.float64, matmat=multiply, self_adjoint=True)


def main(folder, *sizes):
    import numpy as np
    from scipy.sparse.linalg import LinearOperator, eigsh

    H = make(*map(int, sizes))
    product = LinearOperator(H.shape, dtype="float64", matvec=lambda x: (H @ torch.from_numpy(x.reshape(-1, 1))).numpy())
    w, V = eigsh(product, k=10, which="LM", tol=1e-4, v0=np.ones(H.shape[0]))
    order = np.argsort(-abs(w))
    w[order].tofile(os.path.join(folder, "w.bin"))
    np.ascontiguousarray(V[:, order]).tofile(os.path.join(folder, "V.bin"))
    if H.shape[0] > 3000:
        return
    dense = (H @ torch.eye(H.shape[0], dtype=torch.float64)).numpy()
    error = np.linalg.norm(dense - V * w @ V.T) / np.linalg.norm(dense)
    print(json.dumps({"eigenvalues": sorted(np.linalg.eigvalsh(dense), key=abs)[:-11:-1], "relativeError": error}))


if __name__ == "__main__":
    main(*sys.argv[1:])
