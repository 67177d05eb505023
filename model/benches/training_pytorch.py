"""A plain PyTorch training loop of the same network on the same data, to hold `gentron train` against.

Batch, optimiser, loss, average of the weights and data are those of recipes/train-shapes.toml; the network is the PyTorch reference
that the parity tests use. Prints samples a second; `gentron train` shows its own in its progress bar and writes them into its card.

    python model/benches/training_pytorch.py .train/corpus-*.safetensors --steps 60 --conditioning cross_attention --text 0 1
"""

import argparse
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "goldens"))
from gentron_reference import GenTron, GenTronConfig, TextSource  # noqa: E402


class Corpus:
    """Latents and text states that the frozen networks made, as `gentron train` cached them."""

    def __init__(self, path, encoders):
        tensors = load_file(path)
        self.latents, self.text_of = tensors["latents"].squeeze(1), tensors["text_of"].long()
        self.encoders = [(tensors[f"tokens.{i}"], tensors[f"starts.{i}"].long(), tensors[f"pooled.{i}"]) for i in encoders]

    def batch(self, n, generator):
        examples = torch.randint(len(self.latents), (n,), generator=generator)
        dropped = torch.rand(n, generator=generator) < 0.1
        texts = torch.where(dropped, 0, self.text_of[examples])
        tokens, masks, pooled = [], [], []
        for states, starts, pools in self.encoders:
            rows = [states[starts[t] : starts[t + 1]].float() for t in texts]
            tokens.append(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True))
            lengths = torch.tensor([len(row) for row in rows])
            masks.append(torch.arange(tokens[-1].shape[1])[None] < lengths[:, None])
            pooled.append(pools[texts])
        return self.latents[examples], tokens, masks, pooled


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, nargs=3, default=[6, 160, 5], help="depth, width, heads")
    parser.add_argument("--conditioning", default="cross_attention")
    parser.add_argument("--text", type=int, nargs="+", default=[0, 1], help="encoders, by their place in the corpus")
    args = parser.parse_args()

    corpus = Corpus(args.corpus, args.text)
    sources = [TextSource(f"encoder-{i}", states.shape[1], pools.shape[1]) for i, (states, _, pools) in enumerate(corpus.encoders)]
    depth, width, heads = args.size
    config = GenTronConfig(
        latent_size=corpus.latents.shape[-1], in_channels=corpus.latents.shape[1], hidden_size=width, depth=depth,
        num_heads=heads, conditioning=args.conditioning, text=sources,
    )
    model = GenTron(config)
    parameters = list(model.parameters())
    averages = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0)
    alphas = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0).float()
    generator = torch.Generator().manual_seed(2312)

    def step():
        x, tokens, masks, pooled = corpus.batch(args.batch, generator)
        t = torch.randint(1000, (args.batch,), generator=generator)
        noise = torch.randn(x.shape, generator=generator)
        a = alphas[t]
        eps = model(a.sqrt()[:, None, None, None] * x + (1 - a).sqrt()[:, None, None, None] * noise, t, tokens, masks, pooled)
        snr = a / (1 - a)
        loss = ((eps - noise).square().flatten(1).mean(1) * snr.clamp(max=5) / snr).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        torch._foreach_lerp_(averages, parameters, 0.001)
        return loss.item()

    with torch.no_grad():
        count = sum(p.numel() for p in parameters)
    for _ in range(5):
        step()
    started = time.perf_counter()
    for _ in range(args.steps):
        loss = step()
    rate = args.steps * args.batch / (time.perf_counter() - started)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {count} parameters: {rate:.0f} samples/s (loss {loss:.3f})")


if __name__ == "__main__":
    main()
