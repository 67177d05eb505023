"""UniDet in plain PyTorch with weights by formula: the goldens `tests/goldens/metrics/unidet_{resnet,resnest}.json`.

    python3 metrics/tests/reference/unidet.py tests/goldens/metrics

Written from the description of detectron2's cascade R-CNN (no code of detectron2, torchvision or of ours), in f64, with
loops where loops are clearer. Sizes are small and all different; the architecture, the names of the state dict, the
order of operations and the thresholds are those of the published networks. The smallest differences that decide
something (a rank, a suppression, a cut) are written into the golden: a comparison is safe while f32 stays below them.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from formula import noise

torch.set_default_dtype(torch.float64)

SIZES = {
    "resnet": dict(stem=6, bottleneck=5, stage=14, blocks=[1, 2, 1, 1], pyramid=12, convs=0, fcs=2, head=11, classes=7,
                   mean=[103.53, 116.28, 123.675], std=[1.0, 1.0, 1.0]),
    "resnest": dict(stem=4, bottleneck=6, stage=14, blocks=[1, 2, 1, 1], pyramid=10, convs=2, fcs=1, head=11, classes=7,
                    mean=[123.68, 116.779, 103.939], std=[58.393, 57.12, 57.375]),
}
# Deltas stay small and activations near 1, so that f32 has digits left behind the exponential.
GAINS = dict(anchor_deltas=0.15, bbox_pred=0.4, conv1_1=0.08)
STEM = 0.0005
A_LEVEL, PROPOSALS, DETECTIONS = 40, 30, 25
WIDTH, HEIGHT = 150, 118


def weight(name, shape):
    """f32 like a file has them."""
    v = noise(name, int(np.prod(shape)))
    last = name.rsplit(".", 1)[1]
    if last == "running_var" or (last == "weight" and len(shape) == 1):
        v = 1.0 + 0.2 * v
    elif "cls_score.bias" in name:
        v = 0.4 * v - 1.5
    elif len(shape) == 1:
        v = 0.2 * v
    else:
        gain = STEM if ".stem.conv1." in name else GAINS.get(name.split(".")[-2], 1.0)
        v = v * gain * 2.0 * np.sqrt(6.0 / np.prod(shape[1:]))
    return torch.from_numpy(v.astype(np.float32).reshape(shape)).double()


class Net:
    def __init__(self, kind):
        self.kind, self.c, self.params, self.margins = kind, SIZES[kind], {}, {}

    def w(self, name, *shape):
        self.params[name] = list(shape)
        return weight(name, shape)

    def margin(self, name, values):
        values = [abs(float(v)) for v in values]
        if values:
            self.margins[name] = min([self.margins.get(name, math.inf), *values])

    def bn(self, x, name):
        n = x.shape[1]
        g, b = self.w(name + ".weight", n), self.w(name + ".bias", n)
        m, v = self.w(name + ".running_mean", n), self.w(name + ".running_var", n)
        return F.batch_norm(x, m, v, g, b, training=False, eps=1e-5)

    def conv(self, x, name, out, side, stride=1, groups=1, norm=None):
        k = self.w(name + ".weight", out, x.shape[1] // groups, side, side)
        bias = None if norm else self.w(name + ".bias", out)
        y = F.conv2d(x, k, bias, stride, side // 2, 1, groups)
        return self.bn(y, norm) if norm else y

    def cn(self, x, name, out, side, stride=1):
        return self.conv(x, name, out, side, stride, norm=name + ".norm")

    def split(self, x, name):
        c = x.shape[1]
        y = F.relu(self.conv(x, name + ".conv", 2 * c, 3, groups=2, norm=name + ".bn0"))
        a, b = y[:, :c], y[:, c:]
        gap = (a + b).mean((2, 3), keepdim=True)
        inner = max(c * 2 // 4, 32)
        gap = F.conv2d(gap, self.w(name + ".fc1.weight", inner, c, 1, 1), self.w(name + ".fc1.bias", inner))
        gap = F.relu(self.bn(gap, name + ".bn1"))
        att = F.conv2d(gap, self.w(name + ".fc2.weight", 2 * c, inner, 1, 1), self.w(name + ".fc2.bias", 2 * c))
        att = att.reshape(2, c).softmax(0)
        return att[0].reshape(1, c, 1, 1) * a + att[1].reshape(1, c, 1, 1) * b

    def block(self, x, name, within, out, stride):
        nest = self.kind == "resnest"
        y = F.relu(self.cn(x, name + ".conv1", within, 1, 1 if nest else stride))
        if nest:
            y = self.split(y, name + ".conv2")
            if stride > 1:
                y = F.avg_pool2d(y, 3, stride, padding=1)
        else:
            y = F.relu(self.cn(y, name + ".conv2", within, 3))
        y = self.cn(y, name + ".conv3", out, 1)
        if x.shape[1] != out:
            if nest:
                x = F.avg_pool2d(x, stride, stride, ceil_mode=True, count_include_pad=False)
            x = self.cn(x, name + ".shortcut", out, 1, 1 if nest else stride)
        return F.relu(x + y)

    def pyramid(self, x):
        c, up = self.c, "backbone.bottom_up."
        if self.kind == "resnest":
            x = F.relu(self.cn(x, up + "stem.conv1_1", c["stem"], 3, 2))
            x = F.relu(self.cn(x, up + "stem.conv1_2", c["stem"], 3))
            x = F.relu(self.cn(x, up + "stem.conv1_3", 2 * c["stem"], 3))
        else:
            x = F.relu(self.cn(x, up + "stem.conv1", c["stem"], 7, 2))
        x = F.max_pool2d(x, 3, 2, 1)
        res = []
        for s, count in enumerate(c["blocks"]):
            for b in range(count):
                stride = 2 if s and not b else 1
                x = self.block(x, f"{up}res{s + 2}.{b}", c["bottleneck"] << s, c["stage"] << s, stride)
            res.append(x)
        conv = self.cn if self.kind == "resnest" else self.conv
        levels, above = [], None
        for s in (5, 4, 3):
            lateral = conv(res[s - 2], f"backbone.fpn_lateral{s}", c["pyramid"], 1)
            if above is not None:
                lateral = lateral + F.interpolate(above, scale_factor=2, mode="nearest")
            above = lateral
            levels.insert(0, conv(lateral, f"backbone.fpn_output{s}", c["pyramid"], 3))
        p6 = self.conv(levels[2], "backbone.top_block.p6", c["pyramid"], 3, 2)
        p7 = self.conv(F.relu(p6), "backbone.top_block.p7", c["pyramid"], 3, 2)
        return levels + [p6, p7]

    def proposals(self, levels):
        boxes, scores, of = [], [], []
        for i, p in enumerate(levels):
            stride = 8 << i
            head = "proposal_generator.rpn_head."
            t = F.relu(self.conv(p, head + "conv", p.shape[1], 3))
            logits = self.conv(t, head + "objectness_logits", 9, 1)[0]
            deltas = self.conv(t, head + "anchor_deltas", 36, 1)[0]
            h, w = logits.shape[1:]
            logits = logits.permute(1, 2, 0).reshape(-1)
            deltas = deltas.reshape(9, 4, h, w).permute(2, 3, 0, 1).reshape(-1, 4)
            cells = []
            for size in (4 * stride * 2 ** (k / 3) for k in range(3)):
                for ratio in (0.5, 1.0, 2.0):
                    aw = math.sqrt(size * size / ratio)
                    cells.append([-aw / 2, -ratio * aw / 2, aw / 2, ratio * aw / 2])
            cells = torch.tensor(cells)
            ys, xs = torch.meshgrid(torch.arange(h) * stride, torch.arange(w) * stride, indexing="ij")
            shift = torch.stack([xs, ys, xs, ys], -1).reshape(-1, 1, 4).double()
            anchors = (shift + cells).reshape(-1, 4)
            order = torch.argsort(logits, descending=True, stable=True)
            self.margin("rank of anchors", (logits[order][:-1] - logits[order][1:])[:A_LEVEL])
            order = order[:A_LEVEL]
            moved = decode(anchors[order], deltas[order], (1, 1, 1, 1))
            for b, s in zip(clip(moved), logits[order]):
                if b[2] > b[0] and b[3] > b[1]:
                    boxes.append(b), scores.append(s), of.append(i)
        keep = self.nms(boxes, scores, of, 0.7, "of proposals")
        return torch.stack([boxes[i] for i in keep[:PROPOSALS]])

    def nms(self, boxes, scores, classes, threshold, what):
        order = sorted(range(len(boxes)), key=lambda i: -float(scores[i]))
        ranked = torch.stack([scores[i] for i in order])
        self.margin("rank " + what, ranked[:-1] - ranked[1:])
        kept = []
        for i in order:
            overlaps = [iou(boxes[k], boxes[i]) for k in kept if classes[k] == classes[i]]
            self.margin("overlap " + what, [o - threshold for o in overlaps])
            if all(o <= threshold for o in overlaps):
                kept.append(i)
        return kept

    def head(self, x, k):
        c = self.c
        for i in range(c["convs"]):
            x = F.relu(self.cn(x, f"roi_heads.box_head.{k}.conv{i + 1}", x.shape[1], 3))
        x = x.flatten(1)
        for i in range(c["fcs"]):
            name = f"roi_heads.box_head.{k}.fc{i + 1}"
            x = F.relu(F.linear(x, self.w(name + ".weight", c["head"], x.shape[1]), self.w(name + ".bias", c["head"])))
        name = f"roi_heads.box_predictor.{k}."
        out = lambda part, n: F.linear(x, self.w(name + part + ".weight", n, c["head"]), self.w(name + part + ".bias", n))
        return out("cls_score", c["classes"] + 1), out("bbox_pred", 4)

    def cascade(self, levels, boxes):
        total = 0
        for k, weights in enumerate([(10, 10, 5, 5), (20, 20, 10, 10), (30, 30, 15, 15)]):
            if k:
                boxes = clip(boxes)
            logits, deltas = self.head(torch.stack([self.pool(levels, b) for b in boxes]), k)
            total = total + logits.sigmoid() / 3
            boxes = decode(boxes, deltas, weights)
        boxes, scores = clip(boxes), total[:, :-1]
        self.margin("cut", (scores - 0.1).flatten())
        chosen = [(r, c) for r in range(len(boxes)) for c in range(scores.shape[1]) if scores[r, c] > 0.1]
        keep = self.nms([boxes[r] for r, _ in chosen], [scores[r, c] for r, c in chosen], [c for _, c in chosen], 0.5,
                        "of detections")
        chosen = [chosen[i] for i in keep[:DETECTIONS]]
        return [dict(**{"class": c}, score=float(scores[r, c]), box=boxes[r].tolist()) for r, c in chosen
                if boxes[r, 2] > boxes[r, 0] and boxes[r, 3] > boxes[r, 1]]

    def pool(self, levels, box):
        side = float(((box[2] - box[0]) * (box[3] - box[1])).sqrt())
        place = 4 + math.log2(side / 224 + 1e-8)
        level = int(min(max(math.floor(place), 3), 5)) - 3
        f, scale = levels[level][0], 1 / (8 << level)
        x1, y1, x2, y2 = (float(v) * scale - 0.5 for v in box)
        ch, cw = (y2 - y1) / 7, (x2 - x1) / 7
        ny, nx = math.ceil(ch), math.ceil(cw)
        out = torch.zeros(f.shape[0], 7, 7)
        for i in range(7):
            for j in range(7):
                for a in range(ny):
                    for b in range(nx):
                        out[:, i, j] += bilinear(f, y1 + ch * (i + (a + 0.5) / ny), x1 + cw * (j + (b + 0.5) / nx))
        return out / max(ny * nx, 1)


def bilinear(f, y, x):
    h, w = f.shape[1:]
    if y < -1 or y > h or x < -1 or x > w:
        return torch.zeros(f.shape[0])
    y, x = max(y, 0.0), max(x, 0.0)
    y0, x0 = min(int(y), h - 1), min(int(x), w - 1)
    y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
    dy, dx = (0.0 if y0 == h - 1 else y - y0), (0.0 if x0 == w - 1 else x - x0)
    return (f[:, y0, x0] * (1 - dy) * (1 - dx) + f[:, y0, x1] * (1 - dy) * dx
            + f[:, y1, x0] * dy * (1 - dx) + f[:, y1, x1] * dy * dx)


def decode(boxes, deltas, weights):
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    cx, cy = boxes[:, 0] + w / 2, boxes[:, 1] + h / 2
    dx, dy, dw, dh = (deltas[:, i] / weights[i] for i in range(4))
    most = math.log(1000 / 16)
    cx, cy = cx + dx * w, cy + dy * h
    w, h = w * dw.clamp(max=most).exp(), h * dh.clamp(max=most).exp()
    return torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 1)


def clip(boxes):
    x, y = boxes[:, 0::2].clamp(0, WIDTH), boxes[:, 1::2].clamp(0, HEIGHT)
    return torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)


def iou(a, b):
    w = max(float(min(a[2], b[2]) - max(a[0], b[0])), 0.0)
    h = max(float(min(a[3], b[3]) - max(a[1], b[1])), 0.0)
    area = lambda r: float((r[2] - r[0]) * (r[3] - r[1]))
    union = area(a) + area(b) - w * h
    return w * h / union if union > 0 else 0.0


def picture():
    """R = (7x + 3y) % 256, G = xy % 256, B = (xx + 5y) // 3 % 256; blue first."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([7 * x + 3 * y, x * y, (x * x + 5 * y) // 3]) % 256
    return torch.from_numpy(rgb[::-1].copy()).double()


def main(folder):
    for kind, c in SIZES.items():
        net = Net(kind)
        x = (picture() - torch.tensor(c["mean"]).reshape(3, 1, 1)) / torch.tensor(c["std"]).reshape(3, 1, 1)
        x = F.pad(x, (0, -WIDTH % 32, 0, -HEIGHT % 32))[None]
        with torch.no_grad():
            levels = net.pyramid(x)
            proposals = net.proposals(levels)
            found = net.cascade(levels, proposals)
        sample = lambda p: dict(shape=list(p.shape[1:]), mean_abs=float(p.abs().mean()),
                                values=p.flatten()[:: max(1, p.numel() // 40)].tolist())
        golden = dict(sizes=c, anchors_a_level=A_LEVEL, proposals_kept=PROPOSALS, detections_kept=DETECTIONS,
                      width=WIDTH, height=HEIGHT, margins=net.margins, params=net.params,
                      levels=[sample(p) for p in levels], proposals=proposals.tolist(), found=found)
        path = Path(folder) / f"unidet_{kind}.json"
        path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
        print(path, path.stat().st_size, "bytes;", len(found), "found;", net.margins)


main(sys.argv[1])
