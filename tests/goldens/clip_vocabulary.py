"""The files `vocab.json` and `merges.txt` of OpenAI's CLIP from `bpe_simple_vocab_16e6.txt.gz`, which the package open_clip_torch ships.

    python clip_vocabulary.py bpe_simple_vocab_16e6.txt.gz FOLDER

The order is that of OpenAI's `SimpleTokenizer`: bytes, bytes at the end of a word, merges, begin, end.
"""

import gzip
import json
import sys
from pathlib import Path


def bytes_to_unicode():
    """GPT-2's printable stand-ins for the 256 bytes, in CLIP's order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(len(others))]


def main(source, folder):
    merges = gzip.open(source, "rt", encoding="utf-8").read().split("\n")[1 : 49152 - 256 - 2 + 1]
    units = bytes_to_unicode()
    pieces = units + [unit + "</w>" for unit in units] + ["".join(merge.split()) for merge in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")


main(*sys.argv[1:])
