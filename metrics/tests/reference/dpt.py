"""DPT-Hybrid in plain PyTorch with weights by formula: the golden `tests/goldens/metrics/dpt_hybrid.json`.

    python3 metrics/tests/reference/dpt.py tests/goldens/metrics

Written from the description of DPT (arXiv 2103.13413) and of timm 0.4.12's hybrid ViT (no code of either, nor of ours),
in f64. Sizes are small and all different; names of the state dict and order of operations are the published network's.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from formula import noise

torch.set_default_dtype(torch.float64)

SIZES = dict(image=96, groups=2, stem=6, stages=[[1, 8], [2, 16], [1, 24]], width=20, blocks=3, heads=5, positions=4,
             taken=[1, 2], features=14, last=5, classes=3)


PARAMS = {}


def w(name, *shape):
    """f32 like a file has them."""
    PARAMS[name] = list(shape)
    v = noise(name, int(np.prod(shape)))
    if name == "scratch.output_conv.4.bias":
        v = 3.0 + v
    elif len(shape) == 1:
        v = 1.0 + 0.2 * v if name.endswith("weight") else 0.2 * v
    elif "token" not in name and "pos_embed" not in name:
        v = v * 2.0 * np.sqrt(3.0 / np.prod(shape[1:]))
    return torch.from_numpy(v.astype(np.float32).reshape(shape)).double()


def same(x, k, s, value=0.0):
    """TensorFlow's SAME: as many outputs as ceil(input / stride), the odd zero at the end."""
    pads = []
    for n in (x.shape[3], x.shape[2]):
        p = max((-(-n // s) - 1) * s + k - n, 0)
        pads += [p // 2, p - p // 2]
    return F.pad(x, pads, value=value)


def std_conv(x, name, out, k, s=1):
    weight = w(name + ".weight", out, x.shape[1], k, k)
    mean = weight.mean((1, 2, 3), keepdim=True)
    var = ((weight - mean) ** 2).mean((1, 2, 3), keepdim=True)
    return F.conv2d(same(x, k, s), (weight - mean) / torch.sqrt(var + 1e-8), None, s)


def norm(x, name):
    n = x.shape[1]
    return F.group_norm(x, SIZES["groups"], w(name + ".weight", n), w(name + ".bias", n), 1e-5)


def bottleneck(x, name, out, s, first):
    y = F.relu(norm(std_conv(x, name + ".conv1", out // 4, 1), name + ".norm1"))
    y = F.relu(norm(std_conv(y, name + ".conv2", out // 4, 3, s), name + ".norm2"))
    y = norm(std_conv(y, name + ".conv3", out, 1), name + ".norm3")
    if first:
        x = norm(std_conv(x, name + ".downsample.conv", out, 1, s), name + ".downsample.norm")
    return F.relu(x + y)


def conv(x, name, out, k, s=1, bias=True):
    return F.conv2d(x, w(name + ".weight", out, x.shape[1], k, k), w(name + ".bias", out) if bias else None, s, k // 2)


def linear(x, name, out):
    return F.linear(x, w(name + ".weight", out, x.shape[-1]), w(name + ".bias", out))


def layer_norm(x, name):
    d = x.shape[-1]
    return F.layer_norm(x, (d,), w(name + ".weight", d), w(name + ".bias", d), 1e-6)


def block(x, name):
    (n, d), heads = x.shape, SIZES["heads"]
    q, k, v = linear(layer_norm(x, name + ".norm1"), name + ".attn.qkv", 3 * d).reshape(n, 3, heads, d // heads).permute(1, 2, 0, 3)
    a = ((q @ k.transpose(1, 2)) * (d // heads) ** -0.5).softmax(-1) @ v
    x = x + linear(a.transpose(0, 1).reshape(n, d), name + ".attn.proj", d)
    y = F.gelu(linear(layer_norm(x, name + ".norm2"), name + ".mlp.fc1", 4 * d))
    return x + linear(y, name + ".mlp.fc2", d)


def unit(x, name):
    f = x.shape[1]
    return conv(F.relu(conv(F.relu(x), name + ".conv1", f, 3)), name + ".conv2", f, 3) + x


def up(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def fuse(name, x, path=None):
    if path is not None:
        x = path + unit(x, name + ".resConfUnit1")
    else:
        unit(x, name + ".resConfUnit1")  # in the file, not used
    return conv(up(unit(x, name + ".resConfUnit2")), name + ".out_conv", x.shape[1], 1)


def forward(x):
    s, model = SIZES, "pretrained.model."
    back, d, g = model + "patch_embed.backbone.", s["width"], s["image"] // 16
    x = F.relu(norm(std_conv(x, back + "stem.conv", s["stem"], 7, 2), back + "stem.norm"))
    x = F.max_pool2d(same(x, 3, 2, -float("inf")), 3, 2)
    maps = []
    for i, (count, out) in enumerate(s["stages"]):
        for b in range(count):
            x = bottleneck(x, f"{back}stages.{i}.blocks.{b}", out, 2 if i and not b else 1, not b)
        maps.append(x)
    x = conv(maps.pop(), model + "patch_embed.proj", d, 1)[0].flatten(1).T
    pos = w(model + "pos_embed", 1, 1 + s["positions"] ** 2, d)[0]
    grid = pos[1:].T.reshape(1, d, s["positions"], s["positions"])
    grid = F.interpolate(grid, size=(g, g), mode="bilinear", align_corners=False)[0].flatten(1).T
    x = torch.cat([w(model + "cls_token", 1, 1, d)[0], x]) + torch.cat([pos[:1], grid])
    for b in range(s["blocks"]):
        x = block(x, f"{model}blocks.{b}")
        if b in s["taken"]:
            name = f"pretrained.act_postprocess{3 + s['taken'].index(b)}."
            t = torch.cat([x[1:], x[:1].expand(g * g, d)], 1)
            t = F.gelu(linear(t, name + "0.project.0", d)).T.reshape(1, d, g, g)
            t = conv(t, name + "3", d, 1)
            maps.append(conv(t, name + "4", d, 3, 2) if "process4" in name else t)
    layer_norm(x, model + "norm"), linear(x[:1], model + "head", s["classes"])  # in the file, not used
    f, path = s["features"], None
    for i in (4, 3, 2, 1):
        m = conv(maps[i - 1], f"scratch.layer{i}_rn", f, 3, bias=False)
        path = fuse(f"scratch.refinenet{i}", m, path)
    y = up(conv(path, "scratch.output_conv.0", f // 2, 3))
    y = F.relu(conv(y, "scratch.output_conv.2", s["last"], 3))
    return F.relu(conv(y, "scratch.output_conv.4", 1, 1))[0, 0]


def main(folder):
    n = SIZES["image"]
    y, x = np.mgrid[0:n, 0:n]
    rgb = np.stack([7 * x + 3 * y, x * y, (x * x + 5 * y) // 3]) % 256
    picture = (torch.from_numpy(rgb) / 255.0 - 0.5) / 0.5
    with torch.no_grad():
        depth = forward(picture[None])
    # The official map: between its least and largest value, to 50 x 37 pixels, cut to 256 levels.
    unit_range = (depth - depth.min()) / (depth.max() - depth.min())
    large = F.interpolate(unit_range[None, None], size=(37, 50), mode="bilinear", align_corners=True)[0, 0] * 255
    golden = dict(sizes=SIZES, params=PARAMS, mean=float(depth.mean()), least=float(depth.min()), most=float(depth.max()),
                  step=7, values=depth.flatten()[::7].tolist(), levels=[round(v, 6) for v in large.flatten().tolist()])
    path = Path(folder) / "dpt_hybrid.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes;", golden["mean"], golden["least"], golden["most"])


main(sys.argv[1])
