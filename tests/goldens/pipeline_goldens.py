"""Whole pipelines of diffusers on tiny random weights: folders as diffusers publishes them, and what each draws from given noise.

    pip install torch transformers diffusers safetensors tokenizers
    python pipeline_goldens.py OUT_DIR [SEED]

Beside each folder lies a file of the same name: in.noise (B,4,4,4), out.latents (B,4,4,4), out.image (B,3,32,32) in -1..1; its metadata say
what was asked.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from baseline_goldens import randomize
from diffusers import (
    AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, PixArtAlphaPipeline, PixArtTransformer2DModel, StableDiffusionPipeline,
    StableDiffusionXLPipeline, UNet2DConditionModel,
)
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, PreTrainedTokenizerFast, T5Config, T5EncoderModel

HERE = Path(__file__).parent
PROMPTS = ["a red circle and a blue square", "Two GREEN stars "]
SCALED = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
STEPS = 6


def randomized(model, std=0.2):
    return randomize(model, std)


def vae():
    return randomized(AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, block_out_channels=[4, 4, 6, 6],
        layers_per_block=1, norm_num_groups=2, latent_channels=4, sample_size=32,
    ))


def words(pad):
    return CLIPTokenizer.from_pretrained(HERE / "components/clip_bpe", pad_token=pad, model_max_length=13)


def clip(tokenizer, width, projects=False):
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    # The end token is looked for as in the published configurations, where its id is the largest, or (2) old and the largest is taken.
    return randomized(kind(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=14, num_hidden_layers=3, num_attention_heads=2,
        max_position_embeddings=13, projection_dim=5, hidden_act="gelu" if projects else "quick_gelu",
        bos_token_id=tokenizer.bos_token_id, eos_token_id=2,
    )))


def unet(text, **more):
    return randomized(UNet2DConditionModel(**dict(
        dict(sample_size=4, block_out_channels=(4, 8), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
             up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), layers_per_block=1, attention_head_dim=2, cross_attention_dim=text,
             norm_num_groups=2), **more)))


def ddim(**more):
    return DDIMScheduler(**SCALED, clip_sample=False, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading", **more)


def stable_diffusion(scheduler, **network):
    tokenizer = words("<|endoftext|>")
    return StableDiffusionPipeline(
        vae=vae(), text_encoder=clip(tokenizer, 10), tokenizer=tokenizer, unet=unet(10, **network), scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )


def xl():
    one, two = words("<|endoftext|>"), words("!")
    network = unet(16, addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=5 + 6 * 4,
                   use_linear_projection=True)
    return StableDiffusionXLPipeline(
        vae=vae(), text_encoder=clip(one, 10), text_encoder_2=clip(two, 6, True), tokenizer=one, tokenizer_2=two, unet=network,
        scheduler=ddim(), add_watermarker=False,
    )


def pixart():
    letters = sorted(set("abcdefghijklmnopqrstuvwxyz,.ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    pieces = ["<pad>", "</s>", "<unk>", "▁", "▁a", "▁red", "▁circle", "▁and", "▁blue", "▁square", "▁two", "▁green", "▁star", "s", *[c for c in letters if c != "s"]]
    tokenizer = Tokenizer(models.Unigram([(piece, -float(rank)) for rank, piece in enumerate(pieces)], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512)
    encoder = randomized(T5EncoderModel(T5Config(
        vocab_size=len(tokenizer), d_model=12, d_kv=4, d_ff=16, num_layers=2, num_heads=3, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )))
    network = randomized(PixArtTransformer2DModel(
        num_attention_heads=3, attention_head_dim=4, in_channels=4, out_channels=8, num_layers=2, cross_attention_dim=12, sample_size=4,
        patch_size=2, caption_channels=12, norm_elementwise_affine=False, norm_eps=1e-6,
    ), std=0.1)
    scheduler = DPMSolverMultistepScheduler(
        beta_schedule="linear", beta_start=1e-4, beta_end=0.02, algorithm_type="dpmsolver++", solver_order=2, timestep_spacing="linspace",
    )
    return PixArtAlphaPipeline(tokenizer=tokenizer, text_encoder=encoder, vae=vae(), transformer=network, scheduler=scheduler)


def classical(folder):
    """Tokenizers as published: vocab.json and merges.txt, and what pads. Stable Diffusion 1's text encoder with its published names, too, which
    begin with `text_model.`; the others keep those that transformers 5 writes."""
    if folder.name == "sd1":
        file = folder / "text_encoder/model.safetensors"
        save_file({f"text_model.{name}": tensor for name, tensor in load_file(file).items()}, file, metadata={"format": "pt"})
    for tokenizer in folder.glob("tokenizer*"):
        if not (tokenizer / "tokenizer.json").exists() or folder.name == "pixart":
            continue
        pad = json.loads((tokenizer / "tokenizer_config.json").read_text())["pad_token"]
        shutil.rmtree(tokenizer)
        tokenizer.mkdir()
        for file in ("vocab.json", "merges.txt"):
            shutil.copy(HERE / "components/clip_bpe" / file, tokenizer / file)
        (tokenizer / "special_tokens_map.json").write_text(json.dumps({"pad_token": pad}))


@torch.no_grad()
def main():
    out = Path(sys.argv[1])
    torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 2312)
    cases = {
        "sd1": (stable_diffusion(ddim()), "ddim", 7.5),
        "sd2": (stable_diffusion(ddim(prediction_type="v_prediction"), attention_head_dim=(2, 4), use_linear_projection=True), "ddim", 5.0),
        "xl": (xl(), "ddim", 5.0),
        "pixart": (pixart(), "dpm-solver++", 4.5),
    }
    for name, (pipe, sampler, guidance) in cases.items():
        pipe.set_progress_bar_config(disable=True)
        noise = torch.randn(len(PROMPTS), 4, 4, 4)
        more = dict(use_resolution_binning=False, clean_caption=False) if name == "pixart" else {}
        asked = dict(prompt=PROMPTS, num_inference_steps=STEPS, guidance_scale=guidance, height=32, width=32, **more)
        latents = pipe(**asked, latents=noise.clone(), output_type="latent").images
        image = 2 * torch.from_numpy(pipe(**asked, latents=noise.clone(), output_type="np").images).permute(0, 3, 1, 2) - 1
        folder = out / name
        pipe.save_pretrained(folder, safe_serialization=True)
        classical(folder)
        said = dict(prompts=PROMPTS, steps=STEPS, guidance=guidance, sampler=sampler)
        tensors = {"in.noise": noise, "out.latents": latents.contiguous(), "out.image": image.contiguous()}
        save_file(tensors, out / f"{name}.safetensors", metadata={"config": json.dumps(said)})
        print(name, latents.std().item(), (image[0] - image[1]).abs().mean().item(), sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()))


main()
