"""A small SentencePiece model of T5's kind, and what its own library makes of texts.

    pip install sentencepiece
    python sentencepiece_goldens.py OUT_DIR
"""

import io
import json
import sys
import tempfile
from itertools import product
from pathlib import Path

import sentencepiece

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
colors, shapes = ["red", "blue", "green", "yellow"], ["circle", "square", "star", "heart"]
captions = [f"a {a} {s} and a {b} {t}, drawn by hand" for a, b in product(colors, colors) for s, t in product(shapes, shapes)]
with tempfile.TemporaryDirectory() as folder:
    # Full-width letters, curly quotes and blanks, as nmt_nfkc folds them, without its 240 kB.
    rules = Path(folder, "rules.tsv")
    fold = [*((0xFF21 + i, 0x41 + i) for i in range(26)), (0x2019, 0x27), (0x09, 0x20), (0x00A0, 0x20), (0x3000, 0x20)]
    rules.write_text("".join(f"{a:X}\t{b:X}\n" for a, b in fold))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(captions), model_writer=model, vocab_size=64, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        normalization_rule_tsv=str(rules), required_chars="ABab'", hard_vocab_limit=False,
    )
(out / "spiece.model").write_bytes(model.getvalue())
reader = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
texts = ["a red circle", "a red  circle and\ta blue heart ", "", " ", "A BAD star", "Ａ Ｂ star", "it’s", "zebra", "a\u00a0star", "reddish squares, hearts", "日本 star", "aaaa"]
cases = [{"text": text, "ids": [*reader.encode(text), 1]} for text in texts]
(out / "cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
print(reader.vocab_size(), len(model.getvalue()), cases)
