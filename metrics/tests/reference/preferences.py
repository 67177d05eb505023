"""PickScore as transformers computes it and HPSv2 as open_clip does, on tiny random CLIPs: the goldens
`tests/goldens/metrics/{pickscore,hpsv2}/`.

    pip install torch torchvision transformers open_clip_torch tokenizers safetensors pillow
    python3 metrics/tests/reference/preferences.py tests/goldens/metrics

The networks are the libraries' own (f64, seed 7); preprocessing is written from the authors' descriptions: for PickScore
CLIP's processor, for HPSv2 `ToTensor`, torchvision's antialiased resize of the longer side, black around, normalisation.
"""

import json
import sys
from pathlib import Path

import numpy as np
import open_clip
import PIL
import torch
import torchvision
import torchvision.transforms.functional as F
import transformers
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPConfig, CLIPModel

SIDE, LENGTH, SEED = 28, 16, 7
SIZES = [(28, 28), (64, 41), (37, 90), (20, 11)]
TEXTS = ["a red cat", "two birds over a river", "a " * 30 + "cat"]
WORDS = "<|unk|> a red cat two birds over river <|startoftext|> <|endoftext|>".split()
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def tokenizer():
    t = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token=WORDS[0]))
    t.normalizer, t.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.WhitespaceSplit()
    begin, end = (WORDS[-2], len(WORDS) - 2), (WORDS[-1], len(WORDS) - 1)
    t.post_processor = processors.TemplateProcessing(f"{begin[0]} $A {end[0]}", special_tokens=[begin, end])
    return t


def ids(t, text):
    """Cut to LENGTH with the end kept, zero behind it."""
    t.enable_truncation(LENGTH)
    row = t.encode(text).ids
    t.no_truncation()
    return torch.tensor([row + [0] * (LENGTH - len(row))])


def picture(width, height):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([7 * x + 3 * y, x * y, (x * x + 5 * y) // 3], -1).astype(np.uint8))


def clips_own(image):
    """Columns first, then rows, as every Pillow before 13 does it; 13 begins with the rows of pictures that lose most of theirs."""
    width, height = (SIDE if n == min(image.size) else int(SIDE * n / min(image.size)) for n in image.size)
    image = image.resize((width, image.height), Image.BICUBIC).resize((width, height), Image.BICUBIC)
    return F.normalize(F.to_tensor(F.center_crop(image, [SIDE, SIDE])), MEAN, STD)


def longest(image):
    x = F.to_tensor(image)
    scale = SIDE / max(x.shape[1:])
    height, width = (round(n * scale) for n in x.shape[1:])
    if scale != 1.0:
        x = F.resize(x, [height, width], F.InterpolationMode.BICUBIC, antialias=True)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    x = F.pad(x, [left, top, SIDE - width - left, SIDE - height - top], fill=0)
    return F.normalize(x, MEAN, STD)


def cosine(a, b):
    return (a @ b.T / a.norm() / b.norm()).item()


def spread(model):
    """Random weights that matter: fresh ones leave both towers nearly constant."""
    torch.manual_seed(SEED)
    for name, value in model.named_parameters():
        if "logit_scale" not in name:
            near = 1.0 if value.ndim == 1 and name.endswith("weight") else 0.0
            torch.nn.init.normal_(value, near, 0.3)


def write(folder, what, cases):
    tokenizer().save(str(folder / "tokenizer.json"))
    versions = dict(torch=torch.__version__, torchvision=torchvision.__version__, transformers=transformers.__version__,
                    open_clip=open_clip.__version__, pillow=PIL.__version__)
    golden = dict(made_by="metrics/tests/reference/preferences.py", seed=SEED, versions=versions, cases=cases)
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(what, [round(case["score"], 4) for case in cases])


def cases(score):
    return [dict(size=size, text=text, score=score(picture(*size), text)) for size in SIZES for text in TEXTS]


@torch.inference_mode()
def pickscore(folder):
    text = dict(vocab_size=len(WORDS), hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
                max_position_embeddings=LENGTH, hidden_act="gelu", bos_token_id=len(WORDS) - 2, eos_token_id=2)
    vision = dict(hidden_size=10, intermediate_size=18, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
                  patch_size=7, hidden_act="gelu")
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=6)).eval()
    spread(model)
    model.logit_scale.fill_(3.21)
    folder.mkdir(exist_ok=True)
    save_file({name: value.contiguous() for name, value in model.state_dict().items() if "position_ids" not in name},
              folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(dict(text_config=text, vision_config=vision, projection_dim=6), indent=1) + "\n")
    model, t = model.double(), tokenizer()
    features = lambda x: x if isinstance(x, torch.Tensor) else x.pooler_output

    def score(image, text):
        seen = features(model.get_image_features(pixel_values=clips_own(image)[None].double()))
        read = features(model.get_text_features(input_ids=ids(t, text)))
        return model.logit_scale.exp().item() * cosine(seen, read)

    write(folder, "pickscore", cases(score))


@torch.inference_mode()
def hpsv2(folder):
    vision = dict(image_size=SIDE, layers=2, width=10, head_width=5, patch_size=7)
    text = dict(context_length=LENGTH, vocab_size=len(WORDS), width=12, heads=3, layers=2)
    model = open_clip.CLIP(embed_dim=6, vision_cfg=vision, text_cfg=text).eval()
    spread(model)
    folder.mkdir(exist_ok=True)
    torch.save({"state_dict": model.state_dict()}, folder / "HPS_v2.1_compressed.pt")
    model, t = model.double(), tokenizer()
    score = lambda image, text: cosine(model.encode_image(longest(image)[None].double()), model.encode_text(ids(t, text)))
    write(folder, "hpsv2", cases(score))


pickscore(Path(sys.argv[1]) / "pickscore")
hpsv2(Path(sys.argv[1]) / "hpsv2")
