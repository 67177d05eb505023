"""CLIPScore of a folder of pictures: this program against Pillow and PyTorch, ViT-B/32 with one set of random weights.

    pip install torch transformers tokenizers safetensors pillow
    python3 metrics/benches/clipscore.py --gentron target/release/gentron [--pictures 48] [--rounds 3]

Both decode PNGs of 512 px, resize, crop, run both towers in f32 and write nothing but scores; PyTorch looks at one picture at a time, as
the official script does, and at eight. Each is a process of its own, in turns. What starting, loading and canaries take is left out:
two pictures are scored, then all, and the difference counts. Seconds are those of the clock and of the processor; on a busy machine the
latter are the ones to compare. The largest difference between the cosines is printed, too.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = "a red blue green cat dog car bird on near the".split()
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def prompt(i):
    return " ".join(WORDS[(i * step + step) % len(WORDS)] for step in (1, 2, 3, 5, 7))


def make(folder, count):
    import numpy as np
    import torch
    from PIL import Image
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(1)
    model, ends = CLIPModel(CLIPConfig()), [("<|startoftext|>", 49406), ("<|endoftext|>", 49407)]
    (folder / "clip").mkdir()
    save_file({n: v.contiguous() for n, v in model.state_dict().items() if "position_ids" not in n}, folder / "clip/model.safetensors")
    config = dict(text_config={}, vision_config={}, projection_dim=512)
    (folder / "clip/config.json").write_text(json.dumps(config))
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)} | dict(ends), unk_token=WORDS[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    tokenizer.save(str(folder / "clip/tokenizer.json"))
    random = np.random.default_rng(1)
    for name, pictures in (("few", 2), ("all", count)):
        (folder / name).mkdir()
        for i in range(pictures):
            coarse = Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8))
            coarse.resize((512, 512), Image.BICUBIC).save(folder / name / f"{i}.png")
        (folder / f"{name}.csv").write_text("prompt\n" + "".join(f"{prompt(i)}\n" for i in range(pictures)))


def by_torch(folder, pictures, batch):
    import numpy as np
    import torch
    from PIL import Image
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import CLIPConfig, CLIPModel

    model = CLIPModel(CLIPConfig()).eval()
    model.load_state_dict(load_file(folder / "clip/model.safetensors"), strict=False)
    tokenizer, cosines = Tokenizer.from_file(str(folder / "clip/tokenizer.json")), []
    features = lambda x: x if isinstance(x, torch.Tensor) else x.pooler_output
    with torch.inference_mode():
        for start in range(0, pictures, batch):
            places, planes, ids = range(start, min(start + batch, pictures)), [], []
            for i in places:
                image = Image.open(folder / pictures_folder(pictures) / f"{i}.png").convert("RGB").resize((224, 224), Image.BICUBIC)
                planes.append((np.asarray(image, dtype=np.float32) / 255 - np.float32(MEAN)) / np.float32(STD))
                row = tokenizer.encode(prompt(i)).ids
                ids.append(row + [0] * (77 - len(row)))
            seen = features(model.get_image_features(pixel_values=torch.from_numpy(np.stack(planes)).permute(0, 3, 1, 2)))
            read = features(model.get_text_features(input_ids=torch.tensor(ids)))
            cosines += torch.nn.functional.cosine_similarity(seen, read).tolist()
    print(json.dumps(cosines))


def pictures_folder(pictures):
    return "few" if pictures == 2 else "all"


def timed(command, environment):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gentron", type=Path)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torch", nargs=3, metavar=("FOLDER", "PICTURES", "BATCH"))
    args = parser.parse_args()
    if args.torch:
        return by_torch(Path(args.torch[0]), int(args.torch[1]), int(args.torch[2]))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        make(folder, args.pictures)
        environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}

        def ours(name, out):
            command = [args.gentron.resolve(), "score", folder / name, "--suite", folder / f"{name}.csv", "--clip", folder / "clip"]
            return [*command, "--out", folder / out, "--json"]

        def theirs(name, batch):
            return [sys.executable, __file__, "--torch", folder, str(2 if name == "few" else args.pictures), str(batch)]

        for at in range(args.rounds):
            ways = {"gentron": lambda n: ours(n, f"{n}{at}"), "PyTorch": lambda n: theirs(n, 1), "PyTorch, by eight": lambda n: theirs(n, 8)}
            outputs = {}
            for name, command in ways.items():
                (few_wall, few_cpu, _), (wall, cpu, outputs[name]) = (timed(command(n), environment) for n in ("few", "all"))
                count = args.pictures - 2
                print(f"round {at}: {name}: {count / (wall - few_wall):.2f} pictures/s, {(cpu - few_cpu) / count * 1e3:.0f} ms of processor a picture", flush=True)
            lines = [json.loads(line) for line in (folder / f"all{at}/observations.jsonl").read_text().splitlines()]
            found = {line["image"]: o["outcome"]["value"] for line in lines for o in line["observations"] if o["metric"] == "clipscore"}
            apart = max(abs(found[f"{i}.png"] - cosine) for i, cosine in enumerate(json.loads(outputs["PyTorch"])))
            print(f"round {at}: {len(found)} cosines within {apart:.1e}", flush=True)


main()
