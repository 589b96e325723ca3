"""The 784-50-10 network of the work of reference in PyTorch, from its file: what the Hessian peers multiply with."""
import argparse
import os

import h5py
import torch

with h5py.File("test/reference/mlp784.h5") as file:
    parameters = [
        torch.tensor(file[f"params/{i:02d}"][()], dtype=torch.float32, requires_grad=True) for i in range(4)
    ]
    inputs = torch.tensor(file["x"][()], dtype=torch.float32)
    labels = torch.tensor(file["y"][()], dtype=torch.float32)
    eigenvalues = file["eigenvalues"][()]
n = sum(p.numel() for p in parameters)


def loss(batch):
    hidden = torch.relu(inputs[batch] @ parameters[0] + parameters[1])
    outputs = hidden @ parameters[2] + parameters[3]
    return ((outputs - labels[batch]) ** 2).mean()


def retained_gradients():
    """The gradient of each batch as one vector, with its graph, which every product goes through again."""
    gradients = []
    for batch in range(len(inputs)):
        parts = torch.autograd.grad(loss(batch), parameters, create_graph=True)
        gradients.append(torch.cat([part.reshape(-1) for part in parts]))
    return gradients


def flatten(parts, leading=()):
    return torch.cat([part.reshape(*leading, -1) for part in parts], dim=-1)


def products(kind, width=128):
    """X -> A X for the Hessian A. 'vector': one column at a time, as curvlinops does; 'batched': `width` at once."""
    gradients = retained_gradients()

    # rows are the vectors, so that each is contiguous; the transpose of the result is the column-major input LAPACK wants
    def by_vector(X):
        vectors = X.T.contiguous()
        result = torch.empty_like(vectors)
        for v, product in zip(vectors, result):
            total = sum(flatten(torch.autograd.grad(g, parameters, v, retain_graph=True)) for g in gradients)
            product.copy_(total)
        return (result / len(gradients)).T

    def by_block(X):
        vectors = X.T.contiguous()
        result = torch.empty_like(vectors)
        for start in range(0, len(vectors), width):
            V = vectors[start : start + width]
            result[start : start + width] = sum(
                flatten(torch.autograd.grad(g, parameters, V, retain_graph=True, is_grads_batched=True), (len(V),))
                for g in gradients
            )
        return (result / len(gradients)).T

    return by_vector if kind == "vector" else by_block


def job_arguments():
    """How the work of reference is to be done, with as many threads as every contestant has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", choices=["vector", "batched"], default="vector")
    parser.add_argument("--dims", type=int, default=2000)
    parser.add_argument("--tests", type=int, default=30)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    return parser.parse_args()
