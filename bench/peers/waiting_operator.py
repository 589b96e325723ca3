"""A scaled identity whose product takes a given time: what bench/jobs/remote.ts sends blocks through."""
import time

import numpy as np


class Waiting:
    dtype = np.dtype("float32")
    self_adjoint = True

    def __init__(self, n, milliseconds):
        self.shape = (n, n)
        self.seconds = milliseconds / 1000

    def __matmul__(self, X):
        return self.product(X, np.empty_like(X))

    def product(self, X, out):
        if not self.seconds:
            return X
        ends = time.perf_counter() + self.seconds
        # writing its result is part of a product
        out[...] = X
        time.sleep(max(0, ends - time.perf_counter()))
        return out


class Placing(Waiting):
    """Writes its product where it is wanted."""

    def matmat(self, X, out):
        return self.product(X, out)
