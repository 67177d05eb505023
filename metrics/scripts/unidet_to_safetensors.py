"""Converts a detectron2 checkpoint of UniDet (.pth or .pkl) into safetensors of the same names.

    python3 metrics/scripts/unidet_to_safetensors.py Unified_learned_OCIM_R50_6x+2x.pth Unified_learned_OCIM_R50_6x+2x.safetensors

Needed only where gentron cannot read the .pth itself, which it tries first (both formats of torch.save). Optimizer
state and everything else beside the state dict under "model" is left out. Needs torch, numpy and safetensors. A pickle
runs code while it is read: convert files from where you trust alone.
"""

import pickle
import sys

import numpy as np
import torch
from safetensors.torch import save_file

source, target = sys.argv[1:]
if source.endswith(".pkl"):
    with open(source, "rb") as file:
        saved = pickle.load(file, encoding="latin1")
else:
    saved = torch.load(source, map_location="cpu", weights_only=False)
state = saved.get("model", saved)
tensors = {}
for name, value in state.items():
    tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
    if name.endswith("num_batches_tracked") or "cell_anchors" in name or name.startswith("pixel_"):
        continue
    tensors[name.removeprefix("module.")] = tensor.detach().float().contiguous().clone()
save_file(tensors, target)
print(f"{len(tensors)} tensors, {sum(t.numel() for t in tensors.values()):,} numbers in {target}")
