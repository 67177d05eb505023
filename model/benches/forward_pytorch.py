"""One forward of GenTron-XL/2 at 256 px, batch 2: ours and plain PyTorch in turns, in one run, in f32 or with matrices of bfloat16.

The network is the PyTorch reference of the parity tests, the text CLIP-L's 77 and Flan-T5-XXL's 120 tokens; weights are zeros on both
sides, since a product takes as long whatever its factors are. Takes 8 GB of memory. Prints each time, both medians and their ratio.

    cargo build --release --workspace
    python model/benches/forward_pytorch.py target/release/gentron --rounds 7
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "goldens"))
from gentron_reference import GenTron, GenTronConfig, TextSource  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gentron")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="bf16: weights in it, and PyTorch's autocast")
    args = parser.parse_args()

    config = GenTronConfig(
        latent_size=32, in_channels=4, hidden_size=1152, depth=28, num_heads=16, conditioning="cross_attention",
        text=[TextSource("clip-l", 768, 768), TextSource("flan-t5-xxl", 4096, 4096)],
    )
    with torch.device("meta"):
        model = GenTron(config)
    model = model.to_empty(device="cpu").eval()
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.zero_()
    dtype = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    model = model.to(dtype)
    x = torch.ones(args.batch, 4, 32, 32, dtype=dtype)
    t = torch.full((args.batch,), 500)
    tokens = [torch.zeros(args.batch, 77, 768, dtype=dtype), torch.zeros(args.batch, 120, 4096, dtype=dtype)]
    masks = [torch.ones(args.batch, n, dtype=torch.bool) for n in (77, 120)]
    pooled = [torch.zeros(args.batch, 768, dtype=dtype), torch.zeros(args.batch, 4096, dtype=dtype)]

    def forward():
        began = time.perf_counter()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=args.dtype == "bf16"):
            model(x, t, tokens, masks, pooled)
        return time.perf_counter() - began

    forward()
    command = [args.gentron, "develop", "speed", "--asked", "--rounds", str(args.rounds), "--batch", str(args.batch)]
    command += ["--dtype", args.dtype]
    ours = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    print("ours:", ours.stdout.readline().strip())
    theirs, own = [], []
    for _ in range(args.rounds):
        theirs.append(forward())
        ours.stdin.write("\n")
        ours.stdin.flush()
        own.append(float(ours.stdout.readline().split()[0]))
        print(f"PyTorch {theirs[-1]:.3f} s, ours {own[-1]:.3f} s", flush=True)
    ours.stdin.close()
    print("ours:", ours.stdout.readline().strip())
    ratio = statistics.median(theirs) / statistics.median(own)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads: PyTorch's median over ours is {ratio:.2f}")


if __name__ == "__main__":
    main()
