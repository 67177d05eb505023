"""What the official `3D_spatial_eval.py` makes of synthetic detections under invented prompts: the golden
`tests/goldens/compbench/unidet_3d_own.json`.

    git clone https://github.com/Karine-Huang/T2I-CompBench      # at 1b70949
    python3 metrics/tests/reference/unidet_3d.py T2I-CompBench/UniDet_eval/3D_spatial_eval.py tests/goldens/compbench

The script itself runs, from matching names to the printed average. Only what it imports is replaced: the detector by
seeded boxes, the depth maps by a formula, spaCy by the list of nouns below, and the accelerator and the loader by
nothing. The prompts are ours, so the file can be committed.
"""

import json
import random
import re
import sys
import tempfile
import types
from pathlib import Path

import torch

script, folder = Path(sys.argv[1]), Path(sys.argv[2])
random.seed(20261124)
NOUNS = ["dog", "cat", "horse", "sheep", "car", "man", "girl", "boy", "clock", "lamp", "bird", "kite"]
LABELS = ["dog", "cattle, cow", "catch basin", "cat", "horse", "sheep", "car", "carpet", "scarf", "key", "monkey",
          "person", "man", "girl", "clock", "lamp", "bird", "kite", "donkey", "street light"]
WORDS = ["in front of", "behind", "hidden by"]


def detections():
    found = []
    for _ in range(random.choice([0, 1, 2, 3, 5, 8, 12])):
        x, y = random.uniform(0, 400), random.uniform(0, 400)
        box = [x, y, min(x + random.uniform(5, 300), 479.0), min(y + random.uniform(5, 300), 479.0)]
        found.append((random.randrange(len(LABELS)), random.uniform(0.11, 0.99), box))
    return sorted(found, key=lambda d: -d[1])


def picture(k):
    first, second = random.choice(NOUNS), random.choice(NOUNS)
    found = detections()
    if random.random() < 0.7:  # Both are there, and overlap as often as not.
        x, y = random.uniform(0, 200), random.uniform(0, 200)
        for noun in (first, second):
            label = next((i for i, name in enumerate(LABELS) if noun in name), LABELS.index("person"))
            dx, dy = random.uniform(0, 90), random.uniform(0, 90)
            found.append((label, random.uniform(0.11, 0.99), [x + dx, y + dy, x + dx + 150, y + dy + 130]))
        found.sort(key=lambda d: -d[1])
    return f"a {first} {WORDS[k % 3]} a {second}_{k:06}.png", found


pictures = [picture(k) for k in range(150)]


class Tensors:
    """What detectron2's Instances would give."""

    def __init__(self, found):
        boxes = torch.tensor([box for _, _, box in found]).reshape(-1, 4)
        self.fields = dict(pred_boxes=types.SimpleNamespace(tensor=boxes),
                           pred_classes=torch.tensor([c for c, _, _ in found], dtype=torch.int64),
                           scores=torch.tensor([s for _, s, _ in found]))

    def get_fields(self):
        return self.fields


def depth(k):
    """depth[r][c] = ((r*a+c*b+k)%256)/255."""
    r, c = torch.meshgrid(torch.arange(479), torch.arange(479), indexing="ij")
    return ((r * (1 + k % 3) + c * (1 + k % 5) + k) % 256).float() / 255.0


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    for key, value in members.items():
        setattr(sys.modules[name], key, value)


class Accelerator:
    def __init__(self, **_):
        pass

    def prepare(self, *things):
        return things


def nlp(text):
    words = re.findall(r"\w+", text)
    return [types.SimpleNamespace(text=w, pos_="NOUN" if w in NOUNS or w == "front" else "X") for w in words]


tensors = [Tensors(found) for _, found in pictures]
module("matplotlib"), module("matplotlib.pyplot")
sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
module("spacy", load=lambda _: nlp), module("ruamel_yaml"), module("accelerate", Accelerator=Accelerator)
module("tqdm", tqdm=lambda x: x)
module("experts"), module("experts.obj_detection"), module("experts.depth")
module("experts.model_bank_3d", load_expert_model=lambda task: (lambda batch: [{"instances": tensors[d["k"]]} for d in batch], None))
module("experts.obj_detection.generate_dataset_3d", Dataset=lambda *_: None, collate_fn=None)
module("experts.depth.generate_dataset", Dataset=None)
torch.load = lambda *_, **__: {"labels": LABELS}
loader = lambda **_: [[{"k": k, "depth": depth(k), "image_path": f"out/samples/{name}"}] for k, (name, _) in enumerate(pictures)]
torch.utils.data.DataLoader = loader

with tempfile.TemporaryDirectory() as out:
    (Path(out) / "labels/depth").mkdir(parents=True)
    sys.argv = ["3D_spatial_eval.py", "--outpath", out]
    exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__"})
    results = Path(out) / "labels/annotation_obj_detection_3d"
    answers = json.loads((results / "vqa_result.json").read_text())
    text = (results / "avg_result.txt").read_text()

images = [dict(image=name, detections=[dict(label=LABELS[c], score=float(torch.tensor(s)), box=torch.tensor(b).tolist())
                                       for c, s, b in found], official=answer)
          for (name, found), answer in zip(pictures, answers)]
golden = dict(script="3D_spatial_eval.py at 1b70949, prompts invented",
              depth_formula="depth[r][c] = ((r*a+c*b+k)%256)/255, 479 x 479, a = 1+k%3, b = 1+k%5, k the image's position",
              images=images, official_text={"avg_result.txt": text})
path = folder / "unidet_3d_own.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes;", text, ";", sum(a["answer"] > 0.5 for a in answers), "above 0.5")
