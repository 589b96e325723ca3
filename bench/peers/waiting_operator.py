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
        if not self.seconds:
            return X
        ends = time.perf_counter() + self.seconds
        # writing its result is part of a product
        Y = X.copy()
        time.sleep(max(0, ends - time.perf_counter()))
        return Y
