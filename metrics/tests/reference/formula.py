"""Weights by formula: what every reference here draws its tensors from, and `metrics/tests/parity/formula.rs` does."""

import zlib

import numpy as np


def noise(name, count):
    """v in -0.5..0.5: the hash of shared/goldens/compbench/blip_vqa_tiny.json."""
    i = np.arange(count, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    x = (np.uint64(zlib.crc32(name.encode())) + i * np.uint64(2654435761)) & mask
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x45D9F3B)) & mask
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**32 - 0.5
