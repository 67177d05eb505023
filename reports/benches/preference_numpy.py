"""What `preference.rs` times, with numpy and scipy: python3 reports/benches/preference_numpy.py [RESAMPLES]

Resamples weight each vote by how often its prompt and its rater were drawn; a fit maximises Davidson's likelihood with a side effect by
L-BFGS with an exact gradient, on the counts of ordered pairs, as the Rust side does.
"""

import sys
import time

import numpy as np
from scipy.optimize import minimize

ARMS, VOTES, PROMPTS, RATERS = 8, 1_000_000, 1_632, 5_000
RESAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000

random = np.random.default_rng(8)
left = random.integers(ARMS, size=VOTES)
right = (left + random.integers(1, ARMS, size=VOTES)) % ARMS
prompt = random.integers(PROMPTS, size=VOTES)
rater = np.arange(VOTES) % RATERS
strength = 0.1 * np.arange(ARMS)
l, r = np.exp(strength[left] + 0.05), np.exp(strength[right])
tie = 0.8 * np.sqrt(l * r)
at = random.random(VOTES) * (l + r + tie)
outcome = np.where(at < l, 0, np.where(at < l + tie, 1, 2))
cell = (left * ARMS + right) * 3 + outcome
first, second = [index.ravel() for index in np.indices((ARMS, ARMS))]


def likelihood(x, counts):
    strengths, log_tie, side = x[:ARMS], x[ARMS], x[ARMS + 1]
    a, b = strengths[first] + side, strengths[second]
    utility = np.stack([a, log_tie + (a + b) / 2, b], axis=1)
    most = utility.max(axis=1, keepdims=True)
    log_sum = most + np.log(np.exp(utility - most).sum(axis=1, keepdims=True))
    value = -(counts * (utility - log_sum)).sum() + strengths.sum() ** 2 / 2
    residual = counts.sum(axis=1, keepdims=True) * np.exp(utility - log_sum) - counts
    by_first, by_second = residual[:, 0] + residual[:, 1] / 2, residual[:, 2] + residual[:, 1] / 2
    gradient = np.empty(ARMS + 2)
    gradient[:ARMS] = np.bincount(first, by_first, ARMS) + np.bincount(second, by_second, ARMS) + strengths.sum()
    gradient[ARMS], gradient[ARMS + 1] = residual[:, 1].sum(), by_first.sum()
    return value, gradient


def fit(counts):
    return minimize(likelihood, np.zeros(ARMS + 2), (counts,), "L-BFGS-B", jac=True, options={"gtol": 1e-6}).x


began = time.perf_counter()
best = fit(np.bincount(cell, minlength=ARMS * ARMS * 3).reshape(-1, 3).astype(float))
print(f"count and fit: {time.perf_counter() - began:.3f} s")
began = time.perf_counter()
fits = []
for _ in range(RESAMPLES):
    by_prompt = np.bincount(random.integers(PROMPTS, size=PROMPTS), minlength=PROMPTS)
    by_rater = np.bincount(random.integers(RATERS, size=RATERS), minlength=RATERS)
    weights = (by_prompt[prompt] * by_rater[rater]).astype(float)
    fits.append(fit(np.bincount(cell, weights, ARMS * ARMS * 3).reshape(-1, 3)))
print(f"{RESAMPLES} resamples: {time.perf_counter() - began:.2f} s")
low, high = np.quantile([f[0] for f in fits], [0.025, 0.975])
print(f"first arm {best[0]:.4f} ({low:.4f} to {high:.4f}), tie {np.exp(best[ARMS]):.4f}, side {best[ARMS + 1]:.4f}")
