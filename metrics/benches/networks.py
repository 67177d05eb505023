"""PyTorch on the work of `networks.rs`: the same networks with random weights, f32, two phrases a picture.

    python3 metrics/benches/networks.py [--rounds 5]

Two ways of attention are timed: as BLIP's own modules write it (explicit softmax), and PyTorch's fused
`scaled_dot_product_attention`. As in the Rust bench a picture is looked at once for both phrases; the official script
looks again for every phrase. Inception is plain eager convolution, batch norm and rectifier, as pytorch-fid runs it; it
needs torchvision on PYTHONPATH and is left out without.
"""

import argparse
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, fused):
        super().__init__()
        self.query, self.key, self.value, self.dense = (nn.Linear(width, width) for _ in range(4))
        self.fused = fused

    def forward(self, x, seen, mask=None):
        split = lambda t: t.view(*t.shape[:2], 12, 64).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(seen)), split(self.value(seen))
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            scores = q @ k.transpose(-1, -2) / 8.0
            y = (scores if mask is None else scores + mask).softmax(-1) @ v
        return self.dense(y.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(768, eps=1e-6), nn.LayerNorm(768, eps=1e-6)
        self.qkv, self.proj, self.fc1, self.fc2 = nn.Linear(768, 2304), nn.Linear(768, 768), nn.Linear(768, 3072), nn.Linear(3072, 768)
        self.fused = fused

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, 12, 64).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v) if self.fused else (q @ k.transpose(-2, -1) * 0.125).softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Layer(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.own, self.cross = Attention(768, fused), Attention(768, fused)
        self.norms = nn.ModuleList(nn.LayerNorm(768, eps=1e-12) for _ in range(3))
        self.up, self.down = nn.Linear(768, 3072), nn.Linear(3072, 768)

    def forward(self, x, seen):
        x = self.norms[0](self.own(x, x) + x)
        x = self.norms[1](self.cross(x, seen) + x)
        return self.norms[2](self.down(F.gelu(self.up(x))) + x)


class Blip(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.patch = nn.Conv2d(3, 768, 16, 16)
        self.cls, self.pos = nn.Parameter(torch.zeros(1, 1, 768)), nn.Parameter(torch.zeros(1, 901, 768))
        self.blocks = nn.Sequential(*(Block(fused) for _ in range(12)), nn.LayerNorm(768, eps=1e-6))
        self.words, self.answers = nn.Embedding(30524, 768), nn.Embedding(30524, 768)
        self.encoder = nn.ModuleList(Layer(fused) for _ in range(12))
        self.decoder = nn.ModuleList(Layer(fused) for _ in range(12))
        self.transform, self.head = nn.Linear(768, 768), nn.Linear(768, 30524)

    def look(self, picture):
        x = self.patch(picture).flatten(2).transpose(1, 2)
        return self.blocks(torch.cat([self.cls, x], 1) + self.pos)

    def forward(self, picture, ids):
        return self.ask(self.look(picture), ids)

    def ask(self, tokens, ids):
        tokens = tokens.expand(len(ids), -1, -1)
        x = self.words(ids)
        for layer in self.encoder:
            x = layer(x, tokens)
        y = self.answers(torch.full((len(ids), 1), 30522))
        for layer in self.decoder:
            y = layer(y, x)
        logits = self.head(F.gelu(self.transform(y[:, 0])))
        return (logits[:, 2748] - logits[:, 2053]).sigmoid()


def preprocess(image, size):
    x = np.asarray(image.resize((size, size), Image.BICUBIC), dtype=np.float32)
    x = torch.from_numpy(x).permute(2, 0, 1) / 255
    return ((x - torch.tensor([0.481, 0.458, 0.408]).view(3, 1, 1)) / torch.tensor([0.269, 0.261, 0.276]).view(3, 1, 1)).contiguous()


def inception():
    import torchvision

    model = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False).eval()
    model.fc = nn.Identity()
    return model


def measure(what, rounds, work):
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    middle = statistics.median(times)
    print(f"{what}: median {middle * 1e3:.1f} ms, fastest {min(times) * 1e3:.1f} ms, {1 / middle:.3f}/s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    with torch.inference_mode():
        for side in (512, 1024):
            image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8))
            measure(f"preprocessing/blip/{side}", 10 * rounds, lambda: preprocess(image, 480))
            measure(f"preprocessing/clip/{side}", 10 * rounds, lambda: preprocess(image, 224))
        picture, ids = torch.randn(1, 3, 480, 480), torch.randint(0, 30000, (2, 6))
        for name, fused in (("as BLIP writes it", False), ("fused attention", True)):
            model = Blip(fused).eval()
            measure(f"blip-vqa/picture and two phrases ({name})", rounds, lambda: model(picture, ids))
            tokens = model.look(picture)
            measure(f"blip-vqa/two phrases more ({name})", rounds, lambda: model.ask(tokens, ids))
        try:
            model = inception()
        except ImportError:
            return
        small = torch.rand(1, 3, 299, 299)
        measure("fid/inception features", rounds, lambda: model(small))


main()
