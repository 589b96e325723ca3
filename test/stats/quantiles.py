"""Quantiles and probabilities of the chi-square and Student's t distributions by SciPy.

    python3 test/stats/quantiles.py > test/stats/quantiles.json
"""
import json

import scipy
from scipy.stats import chi2, t

SMALL = [1e-12, 1e-9, 1e-6, 1e-4, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5]
PROBABILITIES = SMALL + [1 - p for p in SMALL[2:-1]]
FREEDOMS = [1, 2, 3, 4, 5, 7.3, 10, 15, 29, 30, 31.25, 64, 100, 333.3, 1000, 12345.6, 1e5, 1e6]

rows = {
    "scipy": scipy.__version__,
    "chiSquareQuantile": [[p, f, float(chi2.ppf(p, f))] for f in FREEDOMS for p in PROBABILITIES],
    "chiSquareCdf": [
        [x, f, float(chi2.cdf(x, f))] for f in FREEDOMS for x in [f * r for r in (0.01, 0.3, 0.7, 0.95, 1, 1.1, 1.6, 3)]
    ],
    "studentQuantile": [
        [p, f, float(t.ppf(p, f))] for f in FREEDOMS for p in PROBABILITIES if f == int(f) and p != 0.5
    ],
}
print(json.dumps(rows).replace("]], ", "]],\n").replace("], [", "],\n["))
