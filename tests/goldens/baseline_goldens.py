"""Golden vectors for the networks of the baselines, from transformers and diffusers with random weights.

    pip install torch transformers diffusers safetensors
    python baseline_goldens.py OUT_DIR [SEED]
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file


def save(out, name, model, config, **tensors):
    flat = {f"model.{k}": v.detach().clone().contiguous() for k, v in model.state_dict().items()}
    flat |= {k.replace("__", "."): v.detach().clone().contiguous() for k, v in tensors.items()}
    config = {k: v for k, v in config.items() if not k.startswith("_")}
    save_file(flat, out / f"{name}.safetensors", metadata={"config": json.dumps(config)})
    print(name, sum(p.numel() for p in model.parameters()), {k: tuple(v.shape) for k, v in tensors.items()})


@torch.no_grad()
def randomize(model, std=0.08):
    # Norms keep a scale near one: with all weights near zero, residual branches would be silent and untested.
    for name, p in model.named_parameters():
        p.normal_(std=std)
        if "norm" in name and name.endswith("weight"):
            p.add_(1.0)
    return model.eval()


@torch.no_grad()
def pixart(out):
    from diffusers import PixArtTransformer2DModel

    for name, told in [("pixart", False), ("pixart_sizes", True)]:
        model = randomize(PixArtTransformer2DModel(
            num_attention_heads=3, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2, cross_attention_dim=24,
            sample_size=12, patch_size=2, caption_channels=20, norm_elementwise_affine=False, norm_eps=1e-6,
            interpolation_scale=2, use_additional_conditions=told,
        ))
        latent, text = torch.randn(2, 4, 12, 12), torch.randn(2, 7, 20)
        mask = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0]])
        timesteps = torch.tensor([31.0, 907.0])
        # Height and width, and their ratio.
        sizes = {"resolution": torch.tensor([[96.0, 144.0]] * 2), "aspect_ratio": torch.tensor([[96.0 / 144.0]] * 2)}
        sizes = sizes if told else {"resolution": None, "aspect_ratio": None}
        sample = model(latent, encoder_hidden_states=text, timestep=timesteps, encoder_attention_mask=mask, added_cond_kwargs=sizes).sample
        save(out, name, model, dict(model.config), in__latent=latent, in__text=text, in__mask=mask.to(torch.uint8),
             in__timesteps=timesteps, out__sample=sample)


@torch.no_grad()
def unet(out):
    from diffusers import UNet2DConditionModel

    cross_down, cross_up = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
    common = dict(sample_size=8, norm_num_groups=4, layers_per_block=2)
    kinds = {
        # Stable Diffusion 1.5: one number of heads, projections as convolutions.
        "unet_sd1": dict(block_out_channels=(8, 12, 16), down_block_types=(cross_down, cross_down, "DownBlock2D"),
                         up_block_types=("UpBlock2D", cross_up, cross_up), attention_head_dim=2, cross_attention_dim=10),
        # 2.1: heads by resolution, linear projections.
        "unet_sd2": dict(block_out_channels=(8, 12, 16), down_block_types=(cross_down, cross_down, "DownBlock2D"),
                         up_block_types=("UpBlock2D", cross_up, cross_up), attention_head_dim=(2, 3, 4), cross_attention_dim=10,
                         use_linear_projection=True),
        # XL: attention at the coarse resolutions alone, several blocks in a transformer, pooled text and sizes.
        "unet_xl": dict(block_out_channels=(8, 12, 16), down_block_types=("DownBlock2D", cross_down, cross_down),
                        up_block_types=(cross_up, cross_up, "UpBlock2D"), attention_head_dim=(2, 3, 4), cross_attention_dim=10,
                        use_linear_projection=True, transformer_layers_per_block=(1, 2, 3), addition_embed_type="text_time",
                        addition_time_embed_dim=6, projection_class_embeddings_input_dim=6 * 6 + 5),
    }
    for name, kind in kinds.items():
        model = randomize(UNet2DConditionModel(**common, **kind))
        latent, text, timesteps = torch.randn(2, 4, 8, 16), torch.randn(2, 7, 10), torch.tensor([31.0, 907.0])
        extra, added = {}, None
        if name == "unet_xl":
            pooled, sizes = torch.randn(2, 5), torch.tensor([[64.0, 128.0, 0.0, 8.0, 64.0, 128.0]] * 2)
            added = {"text_embeds": pooled, "time_ids": sizes}
            extra = dict(in__pooled=pooled, in__sizes=sizes)
        sample = model(latent, timesteps, encoder_hidden_states=text, added_cond_kwargs=added).sample
        save(out, name, model, dict(model.config), in__latent=latent, in__text=text, in__timesteps=timesteps, out__sample=sample, **extra)


@torch.no_grad()
def text_encoders(out):
    """XL's two text encoders: the state before the last layer of each, and the second one's projected pooled vector."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    sizes = dict(vocab_size=99, num_hidden_layers=3, max_position_embeddings=16, bos_token_id=97, eos_token_id=98, pad_token_id=0)
    first = CLIPTextConfig(hidden_size=12, intermediate_size=20, num_attention_heads=3, projection_dim=12, hidden_act="quick_gelu", **sizes)
    second = CLIPTextConfig(hidden_size=16, intermediate_size=28, num_attention_heads=4, projection_dim=10, hidden_act="gelu", **sizes)
    ids = torch.tensor([[97, 5, 6, 7, 98] + [0] * 11, [97, 50, 98] + [0] * 13])
    for name, model in [("xl_text_1", CLIPTextModel(first)), ("xl_text_2", CLIPTextModelWithProjection(second))]:
        model = randomize(model)
        result = model(ids, output_hidden_states=True)
        extra = dict(out__projected=result.text_embeds) if name == "xl_text_2" else {}
        save(out, name, model, model.config.to_dict(), in__ids=ids.to(torch.int64), out__penultimate=result.hidden_states[-2], **extra)


@torch.no_grad()
def autoencoder(out):
    """XL's autoencoder: the structure of 1.5's, other scale; read by the test of the autoencoder."""
    from diffusers import AutoencoderKL

    model = randomize(AutoencoderKL(
        block_out_channels=(8, 12, 16), down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=32, scaling_factor=0.13025, force_upcast=True,
    ))
    image, latent = torch.randn(2, 3, 16, 24), torch.randn(2, 4, 4, 6)
    posterior = model.encode(image).latent_dist
    save(out, "autoencoder_kl_xl", model, dict(model.config), in__image=image, in__latent=latent, out__mean=posterior.mean,
         out__logvar=posterior.logvar, out__image=model.decode(latent).sample)


def clip_bpe(out):
    """CLIP's tokenizer from vocab.json and merges.txt: a small one, learnt here from the sentences below."""
    import shutil
    import tempfile

    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from tokenizers import Regex
    from transformers import CLIPTokenizer

    texts = ["a red car and a blue bicycle", "two green apples, three bananas", "the dog's ball isn't round", "a wooden table on the left of a glass lamp"]
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(words, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=640, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False))
    learnt = json.loads(learner.to_str())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in learnt["merges"]]
    # As CLIP's own file: bytes, bytes that end a word, what is merged, begin and end.
    tokens = alphabet + [letter + "</w>" for letter in alphabet]
    tokens += [token for token in dict.fromkeys(pair.replace(" ", "") for pair in merges) if token not in tokens]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder = out / "clip_bpe"
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    with tempfile.TemporaryDirectory() as copy:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(folder / name, copy)
        tokenizer = CLIPTokenizer.from_pretrained(copy)
    asked = texts + ["", "  A  RED\tcar ", "the dog's 12 apples!!", "na\u00efve caf\u00e9 \u2603", "we're here; they'll paint: I'd", "(left-most) #1"]
    cases = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in asked]
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    print("clip_bpe", len(tokens), [len(case["ids"]) for case in cases])


if __name__ == "__main__":
    out, seed = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    out.mkdir(parents=True, exist_ok=True)
    for make in (pixart, unet, text_encoders, autoencoder, clip_bpe):
        torch.manual_seed(seed)
        make(out)
