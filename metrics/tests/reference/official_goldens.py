"""The four goldens that the specification lists and that never came, by the official scripts on the official prompts:
`blip_vqa_shape_val.json`, `blip_vqa_texture_val.json`, `unidet_2d_complex_val.json`, `unidet_3d_spatial_val.json`.

    git clone https://github.com/Karine-Huang/T2I-CompBench && git -C T2I-CompBench checkout 1b70949
    python3 metrics/tests/reference/official_goldens.py T2I-CompBench ../shared/data OUT/compbench
    GENTRON_GOLDENS=OUT cargo test --release -p gentron-metrics --test parity    # OUT/compbench beside copies of the others

The scripts themselves run, from matching names to the printed average. Only what they import is replaced: the detector
by seeded boxes, depth by a formula, spaCy by its own output (`data/spacy`, en_core_web_sm 3.6.0), BLIP by seeded
probabilities, and the accelerator and the loader by nothing. numpy alone is needed. What comes out quotes the official
prompts, so it is not committed; `unidet_2d_complex.py` and `unidet_3d.py` do the same under prompts of ours.
"""

import ast
import json
import os
import random
import re
import struct
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
from stand_in import module

repo, data, out = (Path(word).resolve() for word in sys.argv[1:4])
out.mkdir(parents=True, exist_ok=True)
MODEL = "en_core_web_sm 3.6.0"
spacy_rows = json.load(open(data / "spacy/spacy_val_parse_en_core_web_sm_3.6.0.json"))
rows = {row["prompt"]: row for file in spacy_rows.values() for row in file}
LABELS = json.load(open(data / "unidet_labels_722.json"))
f32 = lambda x: struct.unpack("f", struct.pack("f", x))[0]

class Doc(list):
    """Tokens whose slices know their text as it stands in the prompt."""
    def __init__(self, row):
        at = 0
        tokens = []
        for text, pos in zip(row["tokens"], row["pos"]):
            start = row["prompt"].index(text, at)
            at = start + len(text)
            tokens.append(types.SimpleNamespace(text=text, pos_=pos, start=start, end=at))
        super().__init__(tokens)
        self.prompt = row["prompt"]
        self.noun_chunks = [types.SimpleNamespace(text=text) for text in row["noun_chunks"]]

    def __getitem__(self, key):
        if not isinstance(key, slice):
            return list.__getitem__(self, key)
        part = list.__getitem__(self, key)
        return types.SimpleNamespace(text=self.prompt[part[0].start:part[-1].end] if part else "")


class Tensors:
    def __init__(self, found):
        boxes = np.array([box for _, _, box in found], dtype=np.float32).reshape(-1, 4)
        self.fields = dict(pred_boxes=types.SimpleNamespace(tensor=boxes), pred_classes=np.array([c for c, _, _ in found], dtype=np.int64),
                           scores=np.array([s for _, s, _ in found], dtype=np.float32))

    def get_fields(self):
        return self.fields


class Accelerator:
    def __init__(self, **_): pass
    def prepare(self, *things): return things


class NoGrad:
    def __enter__(self): pass
    def __exit__(self, *_): pass


class Array(np.ndarray):
    def to(self, **_): return self


def prompts(name):
    return [line for line in (data / f"t2i-compbench/{name}.txt").read_text().splitlines()]


def torch_of(loader):
    module("torch", zeros_like=np.zeros_like, no_grad=NoGrad, load=lambda *_, **__: {"labels": LABELS},
           zeros=lambda shape: np.zeros(shape, dtype=np.float32).view(Array))
    module("torch.utils"), module("torch.utils.data", DataLoader=loader)


def common():
    for name in ["matplotlib", "matplotlib.pyplot", "PIL", "PIL.Image", "ruamel_yaml", "experts", "experts.obj_detection", "experts.depth", "BLIP"]:
        module(name)
    sys.modules["ruamel_yaml"].load, sys.modules["ruamel_yaml"].Loader = (lambda *_, **__: {}), None
    module("spacy", load=lambda _: lambda text: Doc(rows[text]))
    module("accelerate", Accelerator=Accelerator)
    module("tqdm", tqdm=lambda x: x, trange=range), module("tqdm.auto", tqdm=lambda x: x)


def wanted(prompt):
    """Nouns of which boxes are put somewhere, so that a good part of the prompts scores."""
    row = rows[prompt]
    return [t for t, p in zip(row["tokens"], row["pos"]) if p in ("NOUN", "PROPN")]


def label_for(noun, exact):
    noun = "person" if noun in ("girl", "boy", "man", "woman") else noun
    fits = [i for i, label in enumerate(LABELS) if (label == noun if exact else noun in label)]
    return random.choice(fits) if fits else None


def detections(prompt, exact):
    found = []
    for _ in range(random.choice([0, 1, 2, 4, 7])):
        x, y = random.uniform(0, 400), random.uniform(0, 400)
        found.append((random.randrange(722), random.uniform(0.11, 0.99), [x, y, min(x + random.uniform(5, 300), 479.0), min(y + random.uniform(5, 300), 479.0)]))
    for noun in wanted(prompt):
        for _ in range(random.choice([1, 1, 1, 2] if exact else [0, 1, 1, 2])):
            label = label_for(noun, exact)
            if label is not None:
                x, y = random.uniform(0, 240), random.uniform(0, 240)
                found.append((label, random.uniform(0.11, 0.99), [x, y, min(x + random.uniform(60, 230), 479.0), min(y + random.uniform(60, 230), 479.0)]))
    found = [(c, f32(s), [f32(v) for v in box]) for c, s, box in found]
    return sorted(found, key=lambda d: -d[1])


def depth(k):
    r, c = np.meshgrid(np.arange(479), np.arange(479), indexing="ij")
    return (((r * (1 + k % 3) + c * (1 + k % 5) + k) % 256).astype(np.float32) / np.float32(255)).astype(np.float32)


def run(script, argv):
    sys.argv = argv
    exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__"})


def unidet(name, dataset, script, argv, exact, formula, results, text_name):
    random.seed(name)
    listed = [(f"{prompt}_{k:06}.png", detections(prompt, exact)) for k, prompt in enumerate(prompts(dataset))]
    tensors = [Tensors(found) for _, found in listed]
    common()
    image = np.zeros((3, 479, 479), dtype=np.float32)
    torch_of(lambda **_: [[dict(k=k, image=image, depth=depth(k) if formula else None, image_path=f"out/samples/{file}")] for k, (file, _) in enumerate(listed)])
    load = lambda task, ckpt=None: ((lambda batch: [{"instances": tensors[d["k"]]} for d in batch]), None)
    for bank, generate in [("model_bank", "generate_dataset"), ("model_bank_3d", "generate_dataset_3d")]:
        module(f"experts.{bank}", load_expert_model=load)
        module(f"experts.obj_detection.{generate}", Dataset=lambda *_: None, collate_fn=None)
    module("experts.depth.generate_dataset", Dataset=None)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "labels/depth").mkdir(parents=True)
        (Path(folder) / "configs").mkdir(), (Path(folder) / "configs/experts.yaml").write_text("")
        here = os.getcwd(); os.chdir(folder)
        run(script, [script.name, "--outpath", folder] + argv)
        os.chdir(here)
        answers = json.loads((Path(folder) / results / "vqa_result.json").read_text())
        text = (Path(folder) / results / text_name).read_text()
    images = [dict(image=file, detections=[dict(class_id=c, box=box, score=s, label=LABELS[c]) for c, s, box in found], official=answer)
              for (file, found), answer in zip(listed, answers)]
    golden = dict(script=script.name, argv=argv, dataset=f"{dataset}.txt", spacy_model=MODEL,
                  depth_formula="depth[r][c] = ((r*a+c*b+k)%256)/255, 479 x 479, a = 1+k%3, b = 1+k%5, k the image's position" if formula else None,
                  images=images, official_text={text_name: text})
    (out / f"{name}.json").write_text(json.dumps(golden))
    print(name, text, sum(a["answer"] > 0 for a in answers), "of", len(answers), "above 0")


def pre_question():
    tree = ast.parse((repo / "BLIPvqa_eval/data/utils.py").read_text())
    own = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "pre_question")
    space = {"re": re}
    exec(compile(ast.Module([own], []), "utils.py", "exec"), space)
    return space["pre_question"]


def blip(name):
    random.seed(name)
    files = [f"{prompt}_{k:06}.png" for k, prompt in enumerate(prompts(f"{name}_val"))]
    said = [[f"{random.random():.4f}" for _ in range(8)] for _ in files]
    questions = [[] for _ in files]
    common()
    torch_of(None)

    def vqa_main(annotations, results):
        i = len(questions[0])
        asked = json.loads(Path(annotations, "vqa_test.json").read_text())
        os.makedirs(Path(results) / "result", exist_ok=True)
        for k, entry in enumerate(asked):
            questions[k].append(entry["question"])
        Path(results, "result/vqa_result.json").write_text(json.dumps([dict(question_id=k, answer=said[k][i]) for k in range(len(asked))]))

    module("BLIP.train_vqa_func", VQA_main=vqa_main)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        samples.mkdir()
        for file in files:
            (samples / file).write_bytes(b"")
        run(repo / "BLIPvqa_eval/BLIP_vqa.py", ["BLIP_vqa.py", "--out_dir", folder])
        answers = json.loads((Path(folder) / "annotation_blip/vqa_result.json").read_text())
        text = (Path(folder) / "annotation_blip/blip_vqa_score.txt").read_text()
    clean = pre_question()
    images = [dict(image=file, questions=q, model_text=[clean(x) for x in q], synthetic_prob=p, official=a) for file, q, p, a in zip(files, questions, said, answers)]
    (out / f"blip_vqa_{name}_val.json").write_text(json.dumps(dict(dataset=f"{name}_val", spacy_model=MODEL, np_num=8, official_text=text, images=images)))
    print(name, text)


plane, space = repo / "UniDet_eval/2D_spatial_eval.py", repo / "UniDet_eval/3D_spatial_eval.py"
unidet("unidet_2d_complex_val", "complex_val", plane, ["--complex", "True"], True, False, "labels/annotation_obj_detection_2d", "avg_score.txt")
unidet("unidet_3d_spatial_val", "3d_spatial_val", space, [], False, True, "labels/annotation_obj_detection_3d", "avg_result.txt")
for category in ["shape", "texture"]:
    blip(category)
