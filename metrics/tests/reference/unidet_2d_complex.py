"""What the official `2D_spatial_eval.py --complex True` makes of synthetic detections under invented prompts: the golden
`tests/goldens/compbench/unidet_2d_complex_own.json`. `official_goldens.py` does the same under the official prompts.

    git clone https://github.com/Karine-Huang/T2I-CompBench && git -C T2I-CompBench checkout 1b70949
    python3 metrics/tests/reference/unidet_2d_complex.py T2I-CompBench/UniDet_eval/2D_spatial_eval.py tests/goldens/compbench

The script itself runs, from matching names to the printed average. Only what it imports is replaced: the detector by
seeded boxes, spaCy by the list of nouns below, and the accelerator and the loader by nothing. The prompts are ours, so
the file can be committed. numpy is needed.
"""

import json
import os
import random
import struct
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
from stand_in import module

script, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
random.seed(20261128)
NOUNS = ["dog", "cat", "horse", "sheep", "car", "man", "girl", "boy", "clock", "lamp", "bird", "kite"]
LABELS = ["dog", "cattle, cow", "catch basin", "cat", "horse", "sheep", "car", "carpet", "scarf", "person", "man", "girl",
          "clock", "lamp", "bird", "kite", "donkey", "street light"]
WORDS = ["on top of", "on bottom of", "on the left of", "on the right of", "next to", "on side of", "near"]
# What the script collects no two objects from: words that are no relation to it, a relation more, and one thing alone.
ODD = ["a {} on the top of a {}", "a {} and a {}", "a {} next to a {} near a {}", "near a {}", "a {} behind a {}"]


def as_f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def prompt(k):
    first, second, third = random.sample(NOUNS, 3)
    if k % 8 == 7:
        return random.choice(ODD).format(first, second, third)
    return f"{random.choice(['the', 'a'])} {first} is {WORDS[k % 7]} {random.choice(['the', 'a'])} {second}"


def detections(text):
    found = []
    for _ in range(random.choice([0, 1, 2, 4])):
        x, y = random.uniform(0, 400), random.uniform(0, 400)
        box = [x, y, min(x + random.uniform(5, 300), 479.0), min(y + random.uniform(5, 300), 479.0)]
        found.append((random.randrange(len(LABELS)), random.uniform(0.11, 0.99), box))
    for noun in text.split():
        noun = "person" if noun in ("man", "girl", "boy") else noun
        if noun in LABELS:
            for _ in range(random.choice([0, 1, 1, 1, 1, 2])):
                x, y = random.uniform(0, 240), random.uniform(0, 240)
                box = [x, y, x + random.uniform(60, 230), y + random.uniform(60, 230)]
                found.append((LABELS.index(noun), random.uniform(0.11, 0.99), box))
    found = [(label, as_f32(score), [as_f32(side) for side in box]) for label, score, box in found]
    return sorted(found, key=lambda d: -d[1])


texts = []
for k in range(120):
    text = prompt(k)
    while text in texts:
        text = prompt(k)
    texts.append(text)
pictures = [(f"{text}_{k:06}.png", detections(text)) for k, text in enumerate(texts)]


class Tensors:
    """What detectron2's Instances would give."""

    def __init__(self, found):
        boxes = np.array([box for _, _, box in found], dtype=np.float32).reshape(-1, 4)
        self.fields = dict(pred_boxes=types.SimpleNamespace(tensor=boxes),
                           pred_classes=np.array([c for c, _, _ in found], dtype=np.int64),
                           scores=np.array([s for _, s, _ in found], dtype=np.float32))

    def get_fields(self):
        return self.fields


class Doc(list):
    """Words with their class; a slice knows its text."""

    def __init__(self, text):
        super().__init__(types.SimpleNamespace(text=w, pos_="NOUN" if w in NOUNS else "X") for w in text.split())

    def __getitem__(self, key):
        part = super().__getitem__(key)
        return types.SimpleNamespace(text=" ".join(t.text for t in part)) if isinstance(key, slice) else part


class NoGrad:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


class Accelerator:
    def __init__(self, **_):
        pass

    def prepare(self, *things):
        return things

image = np.zeros((3, 479, 479), dtype=np.float32)
batch = [{"k": k, "image": image, "image_path": f"out/samples/{name}"} for k, (name, _) in enumerate(pictures)]
tensors = [Tensors(found) for _, found in pictures]
module("torch", zeros_like=np.zeros_like, no_grad=NoGrad, load=lambda *_, **__: {"labels": LABELS})
module("torch.utils"), module("torch.utils.data", DataLoader=lambda **_: [batch])
module("ruamel_yaml", load=lambda *_, **__: {}, Loader=None), module("spacy", load=lambda _: Doc)
module("accelerate", Accelerator=Accelerator), module("tqdm", tqdm=lambda x: x)
module("experts"), module("experts.obj_detection")
module("experts.model_bank",
       load_expert_model=lambda task, ckpt: (lambda asked: [{"instances": tensors[d["k"]]} for d in asked], None))
module("experts.obj_detection.generate_dataset", Dataset=lambda *_: None, collate_fn=None)

with tempfile.TemporaryDirectory() as out:
    # The script opens its configuration, of which it uses nothing, below the folder that it is run in.
    os.chdir(out)
    Path("configs").mkdir(), Path("configs/experts.yaml").write_text("")
    sys.argv = ["2D_spatial_eval.py", "--outpath", out, "--complex", "True"]
    exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__"})
    results = Path(out) / "labels/annotation_obj_detection_2d"
    answers = json.loads((results / "vqa_result.json").read_text())
    summary = (results / "avg_score.txt").read_text()
    os.chdir(folder)

images = [dict(image=name, detections=[dict(label=LABELS[c], score=s, box=box) for c, s, box in found], official=answer)
          for (name, found), answer in zip(pictures, answers)]
golden = dict(script="2D_spatial_eval.py at 1b70949, prompts invented", argv=["--complex", "True"], images=images,
              official_text={"avg_score.txt": summary})
path = folder / "unidet_2d_complex_own.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes;", summary, ";", sum(a["answer"] > 0 for a in answers), "of", len(answers), "above 0")
