"""Errors of trace estimators from their definitions, for test/papers/epperly-tropp-webber24-xtrace.test.ts.

Every leave-one-out basis and approximation is computed on its own, by QR and pseudo-inverse of NumPy; nothing is updated.
Prints the root mean square relative error of XTrace and XNysTrace (both with the normalisation of section 2.3 of Epperly,
Tropp & Webber 2024) for the four spectra of their section 4, n = 120 (eigenvectors do not matter to Gaussian vectors).

    python3 test/reference/xtrace.py
"""
import numpy as np

n, runs = 120, 400
i = np.arange(n)
spectra = {
    "flat": 3 - 2 * i / (n - 1),
    "poly": (i + 1.0) ** -2,
    "exp": 0.7**i,
    "step": np.where(i < 20, 1.0, 1e-3),
}


def xtrace(a, omega):
    k = omega.shape[1]
    samples = []
    for j in range(k):
        q, _ = np.linalg.qr(a[:, None] * np.delete(omega, j, 1))
        g = omega[:, j] - q @ (q.T @ omega[:, j])
        form = np.sum(a * g * g) / (g @ g) * (n - k + 1)
        samples.append(np.sum(a[:, None] * q * q) + form)
    return np.mean(samples)


def xnystrace(a, omega):
    k = omega.shape[1]
    samples = []
    root = np.sqrt(a)
    for j in range(k):
        rest = np.delete(omega, j, 1)
        # A_i = A^(1/2) (projector on A^(1/2) Omega_i) A^(1/2)
        p, _ = np.linalg.qr(root[:, None] * rest)
        q, _ = np.linalg.qr(rest)
        g = omega[:, j] - q @ (q.T @ omega[:, j])
        h = root * omega[:, j]
        h = h - p @ (p.T @ h)
        samples.append(np.sum((root[:, None] * p) ** 2) + (h @ h) / (g @ g) * (n - k + 1))
    return np.mean(samples)


rng = np.random.default_rng(1)
for name, a in spectra.items():
    for products in (16, 64):
        row = []
        for method, k in ((xtrace, products // 2), (xnystrace, products)):
            errors = [method(a, rng.standard_normal((n, k))) / a.sum() - 1 for _ in range(runs)]
            row.append(f"{np.sqrt(np.mean(np.square(errors))):.2e}")
        print(name, products, *row)
