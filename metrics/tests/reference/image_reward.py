"""ImageReward in plain PyTorch with weights by formula: the golden `tests/goldens/metrics/image_reward.json`.

    python3 metrics/tests/reference/image_reward.py tests/goldens/metrics

Written from the description of BLIP (arXiv 2201.12086), BERT and ImageReward (arXiv 2304.05977); no code of theirs, nor of
ours; in f64. Sizes are small and all different; names of the state dict are the published file's.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from formula import noise

torch.set_default_dtype(torch.float64)

VIT = dict(image=28, patch=7, width=12, depth=2, heads=3, mlp_ratio=2, qkv_bias=True, ln_eps=1e-6)
BERT = dict(hidden=10, layers=2, heads=5, intermediate=14, vocab=23, max_pos=9, ln_eps=1e-12, encoder_width=12)
HEAD = [11, 6, 4, 3, 1]
PLACES = [0, 2, 4, 6, 7]
MEAN, DEVIATION = 0.16717362830052426, 1.0333394966054072
CLIP = [(0.48145466, 0.26862954), (0.4578275, 0.26130258), (0.40821073, 0.27577711)]
PARAMS = {}


def w(name, *shape):
    """f32 like a file has them; the formula of blip_vqa_tiny.json."""
    PARAMS[name] = list(shape)
    v, last = noise(name, int(np.prod(shape))), name.rsplit(".", 1)[-1]
    if last == "weight" and "norm" in name.lower():
        v = 1.0 + 0.2 * v
    elif last == "bias":
        v = 0.2 * v
    elif "embed" not in name and "token" not in name and len(shape) > 1:
        v = v * 2.0 * np.sqrt(3.0 / shape[-1])
    return torch.from_numpy(v.astype(np.float32).reshape(shape)).double()


def linear(x, name, out):
    return F.linear(x, w(f"{name}.weight", out, x.shape[-1]), w(f"{name}.bias", out))


def norm(x, name, eps):
    return F.layer_norm(x, x.shape[-1:], w(f"{name}.weight", x.shape[-1]), w(f"{name}.bias", x.shape[-1]), eps)


def attend(q, k, v, heads):
    split = lambda t: t.view(t.shape[0], heads, -1).transpose(0, 1)
    q, k, v = split(q), split(k), split(v)
    return ((q @ k.transpose(1, 2)) / q.shape[-1] ** 0.5).softmax(-1).matmul(v).transpose(0, 1).flatten(1)


def eye(picture):
    d, p, g, root = VIT["width"], VIT["patch"], VIT["image"] // VIT["patch"], "blip.visual_encoder"
    kernel, bias = w(f"{root}.patch_embed.proj.weight", d, 3, p, p), w(f"{root}.patch_embed.proj.bias", d)
    x = F.conv2d(picture[None], kernel, bias, stride=p)[0].flatten(1).T
    x = torch.cat([w(f"{root}.cls_token", 1, 1, d)[0], x]) + w(f"{root}.pos_embed", 1, g * g + 1, d)[0]
    for i in range(VIT["depth"]):
        name = f"{root}.blocks.{i}"
        q, k, v = linear(norm(x, f"{name}.norm1", 1e-6), f"{name}.attn.qkv", 3 * d).chunk(3, -1)
        x = x + linear(attend(q, k, v, VIT["heads"]), f"{name}.attn.proj", d)
        x = x + linear(F.gelu(linear(norm(x, f"{name}.norm2", 1e-6), f"{name}.mlp.fc1", 2 * d)), f"{name}.mlp.fc2", d)
    return norm(x, f"{root}.norm", 1e-6)


def read(ids, seen):
    d, root = BERT["hidden"], "blip.text_encoder"
    words = w(f"{root}.embeddings.word_embeddings.weight", BERT["vocab"], d)
    places = w(f"{root}.embeddings.position_embeddings.weight", BERT["max_pos"], d)
    x = norm(words[ids] + places[: len(ids)], f"{root}.embeddings.LayerNorm", 1e-12)
    for i in range(BERT["layers"]):
        for part, other in ((f"{root}.encoder.layer.{i}.attention", x), (f"{root}.encoder.layer.{i}.crossattention", seen)):
            q, k, v = (linear(t, f"{part}.self.{n}", d) for t, n in ((x, "query"), (other, "key"), (other, "value")))
            x = norm(linear(attend(q, k, v, BERT["heads"]), f"{part}.output.dense", d) + x, f"{part}.output.LayerNorm", 1e-12)
        name = f"{root}.encoder.layer.{i}"
        h = F.gelu(linear(x, f"{name}.intermediate.dense", BERT["intermediate"]))
        x = norm(linear(h, f"{name}.output.dense", d) + x, f"{name}.output.LayerNorm", 1e-12)
    return x


def reward(image, ids):
    side = VIT["image"]
    short = min(image.size)
    size = [side if n == short else int(side * n / short) for n in image.size]
    # Columns first, as every Pillow before 13 does it; 13 begins with the rows of pictures that lose most of theirs.
    image = image.resize((size[0], image.height), Image.BICUBIC).resize(size, Image.BICUBIC)
    left, top = (int(round((n - side) / 2)) for n in image.size)
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), dtype=np.float32)
    planes = [(pixels[..., c] / np.float32(255) - np.float32(m)) / np.float32(s) for c, (m, s) in enumerate(CLIP)]
    x = read(torch.tensor(ids), eye(torch.from_numpy(np.stack(planes)).double()))[0]
    for place, out in zip(PLACES, HEAD):
        x = linear(x, f"mlp.layers.{place}", out)
    return (x.item() - MEAN) / DEVIATION


def picture(width, height):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([7 * x + 3 * y, x * y, (x * x + 5 * y) // 3], -1).astype(np.uint8))


def main():
    cases = []
    for size in ((28, 28), (64, 41), (37, 90)):
        for ids in ([1, 5, 22, 2], [1, 7, 8, 9, 10, 11, 12, 13, 2]):
            cases.append(dict(size=size, ids=ids, reward=reward(picture(*size), ids)))
    assert len({case["reward"] for case in cases}) == len(cases)
    golden = dict(made_by="metrics/tests/reference/image_reward.py", torch=torch.__version__, vit=VIT, bert=BERT, head=HEAD,
                  params=PARAMS, cases=cases)
    (Path(sys.argv[1]) / "image_reward.json").write_text(json.dumps(golden, indent=1) + "\n")
    print([case["reward"] for case in cases])


main()
