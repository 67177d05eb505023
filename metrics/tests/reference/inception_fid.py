"""What pytorch-fid's own Inception makes of weights by formula: the golden `tests/goldens/metrics/inception_fid.json`.

    pip install --target DIR --no-deps pytorch-fid==0.3.0 torchvision      # beside an installed torch
    PYTHONPATH=DIR python3 metrics/tests/reference/inception_fid.py tests/goldens/metrics

pytorch-fid builds torchvision's Inception v3, puts its own blocks in place of some, and loads a file; only that file is
replaced here. Everything runs in f64, so that the golden is the exact value and f32 forward passes have a bound to
keep. Also written: `FORMAT.pth` of a few small tensors in both formats of torch.save, and goldens of the Frechet
distance and of CMMD by numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from pytorch_fid import fid_score, inception

from formula import noise


def weight(name, shape):
    """Convolutions keep the variance under a rectifier; statistics near 0 and 1, as f32 like a file has them."""
    v = noise(name, int(np.prod(shape)))
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith(("bn.weight", "running_var")):
        v = 1.0 + 0.2 * v
    elif name.endswith(("bn.bias", "running_mean", "fc.bias")):
        v = 0.2 * v
    else:
        v = v * 2.0 * np.sqrt(6.0 / np.prod(shape[1:]))
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def picture(width, height):
    """R = (7x + 3y) % 256, G = xy % 256, B = (xx + 5y) // 3 % 256 in 0..1, as f32 like ToTensor makes it."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([7 * x + 3 * y, x * y, (x * x + 5 * y) // 3]) % 256
    return torch.from_numpy(rgb.astype(np.float32) / np.float32(255.0))


def network():
    names = {}

    def load(url, progress):
        model = building[0]
        state = {name: weight(name, list(t.shape)) for name, t in model.state_dict().items()}
        names.update({name: list(t.shape) for name, t in model.state_dict().items()})
        return state

    building = []
    original = inception._inception_v3

    def remember(*args, **kwargs):
        building.append(original(*args, **kwargs))
        return building[0]

    inception._inception_v3, inception.load_state_dict_from_url = remember, load
    return inception.InceptionV3(output_blocks=[0, 1, 2, 3]).eval(), names


def features():
    model, names = network()
    pictures = []
    for width, height in [(53, 37), (320, 200)]:
        with torch.no_grad():
            single = [out.double() for out in model.float()(picture(width, height)[None])]
            blocks = model.double()(picture(width, height).double()[None])
        rounding = (single[3] - blocks[3]).abs().max() / blocks[3].abs().max()
        print(f"{width} x {height}: largest feature {blocks[3].max():.4f}, f32 of torch is {rounding:.1e} away", file=sys.stderr)
        pictures.append({
            "width": width,
            "height": height,
            "block_means": [float(block.mean()) for block in blocks],
            "torch_f32_error": float(rounding),
            "pool3": [float(f"{v:.9g}") for v in blocks[3].flatten().tolist()],
        })
    return {"torch": torch.__version__, "pytorch_fid": "0.3.0", "params": names, "pictures": pictures}


def sample(name, count, width, scale):
    """Correlated rows: noise times a formula matrix, so that covariances are neither diagonal nor well conditioned."""
    mix = noise(name + ".mix", width * width).reshape(width, width)
    return (noise(name, count * width).reshape(count, width) @ mix * scale + noise(name + ".mean", width)).astype(np.float32)


def frechet():
    cases = []
    for name, count_a, count_b, width in [("full", 200, 300, 7), ("wide", 64, 50, 24), ("deficient", 5, 9, 16)]:
        a, b = sample(name + ".a", count_a, width, 1.0), sample(name + ".b", count_b, width, 1.3)
        moments = [(x.astype(np.float64).mean(0), np.cov(x.astype(np.float64), rowvar=False)) for x in (a, b)]
        # sum sqrt(eig(A^1/2 B A^1/2)) by singular values of the centred rows' product: right at any rank.
        centred = [(x.astype(np.float64) - x.astype(np.float64).mean(0)) / np.sqrt(len(x) - 1) for x in (a, b)]
        trace = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
        (mu_a, cov_a), (mu_b, cov_b) = moments
        distance = ((mu_a - mu_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * trace
        official = float(np.real(fid_score.calculate_frechet_distance(mu_a, cov_a, mu_b, cov_b)))
        cases.append({
            "name": name, "count_a": count_a, "count_b": count_b, "width": width,
            "distance": float(distance), "pytorch_fid": official, "cmmd": cmmd(a, b),
        })
    return {"sample": "see sample() in inception_fid.py; scale of b is 1.3", "cases": cases}


def cmmd(x, y, sigma=10.0, scale=1000.0):
    """google-research/cmmd distance.py, in f64: V-statistic, diagonals included."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    kernel = lambda a, b: np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * sigma**2)).mean()
    return float(scale * (kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)))


def checkpoints(folder):
    state = {"a.weight": torch.arange(6.0).view(2, 3) / 4, "b": torch.tensor([7, 8]), "half": torch.tensor([0.5]).half()}
    state["view"] = state["a.weight"][1]
    for name, is_zip in [("legacy", False), ("zip", True)]:
        torch.save({"model": state, "epoch": 3}, folder / f"{name}.pth", _use_new_zipfile_serialization=is_zip)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints(folder)
    for name, golden in [("frechet", frechet()), ("inception_fid", features())]:
        (folder / f"{name}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main(Path(sys.argv[1]))
