#!/usr/bin/env python3
"""Makes src/phrases/facts.bin: what spaCy finds in the official prompts, without their text.

    pip install spacy==3.6.1 'numpy<2'; spacy download en_core_web_sm-3.6.0 --direct     (one environment)
    pip install spacy==3.8.18;          spacy download en_core_web_sm-3.8.0 --direct     (another)
    python3 spacy_facts.py parse en_core_web_sm FOLDER parses-3.6.0.json    in the first
    python3 spacy_facts.py parse en_core_web_sm FOLDER parses-3.8.0.json    in the second
    python3 spacy_facts.py check parses-3.6.0.json OTHER-PARSES.json        optional: against somebody else's run
    python3 spacy_facts.py pack parses-3.6.0.json parses-3.8.0.json ../src/phrases/facts.bin

FOLDER holds the official files, at any depth: T2I-CompBench's `examples/dataset/*.txt` (with `new_objects.txt` left out),
`PartiPrompts.tsv`, GenEval's `evaluation_metadata.jsonl`. Earlier revisions may lie in folders of their own.

Bytes: `GSF1`, the number n of prompts (u32, little-endian), n keys ascending (the first 8 bytes of the SHA-256 of the
prompt's UTF-8), then n records in the keys' order. A record is one parse, followed by a second where 3.8.0 differs from 3.6.0:
    number of tokens; number of chunks, plus 128 where a second parse follows;
    for each token a byte: bits 0-1 class (0 other, 1 NOUN, 2 PROPN, 3 ADJ), bit 2 a blank follows, bits 3-7 its length
        in characters, or 0 and the length in a byte of its own;
    for each chunk two bytes: its first token, one past its last.
"""

import hashlib
import json
import pathlib
import struct
import sys

CLASSES = {"NOUN": 1, "PROPN": 2, "ADJ": 3}


def prompts(folder):
    """Every official prompt once, as the loaders read it, with the names of the files that have it."""
    lists = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name, found = path.name, []
        if name == "PartiPrompts.tsv":
            found = [line.split("\t")[0] for line in path.read_bytes().decode().split("\n")[1:] if line]
        elif name == "evaluation_metadata.jsonl":
            found = [json.loads(line)["prompt"] for line in path.read_text("utf-8").splitlines()]
        elif path.suffix == ".txt" and name != "new_objects.txt":
            found = [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()]
        for prompt in found:
            names = lists.setdefault(prompt, [])
            if name not in names:
                names.append(name)
    return lists


def parse(model, folder, target):
    import spacy

    nlp = spacy.load(model)
    print("spaCy", spacy.__version__, "model", nlp.meta["version"])
    rows = []
    for prompt, lists in prompts(folder).items():
        doc = nlp(prompt)
        rows.append({
            "lists": lists,
            "prompt": prompt,
            "tokens": [token.text for token in doc],
            "blank": [bool(token.whitespace_) for token in doc],
            "pos": [token.pos_ for token in doc],
            "chunks": [[chunk.start, chunk.end] for chunk in doc.noun_chunks],
        })
    json.dump(rows, open(target, "w"))
    print(len(rows), "prompts")


def phrases(row):
    text = ["".join(pair) for pair in zip(row["tokens"], [" " if blank else "" for blank in row["blank"]])]
    return ["".join(text[start:end]).removesuffix(" ") for start, end in row["chunks"]]


def check(ours, others):
    """OTHERS is {file: [{prompt, noun_chunks, tokens, pos}]}."""
    known = {row["prompt"]: row for row in json.load(open(ours))}
    count = differ = 0
    for rows in json.load(open(others)).values():
        for row in rows:
            ours = known[row["prompt"]]
            same = (phrases(ours), ours["tokens"], ours["pos"]) == (row["noun_chunks"], row["tokens"], row["pos"])
            count, differ = count + 1, differ + (not same)
    print(differ, "of", count, "differ")


def record(row, follows):
    packed = bytearray([len(row["tokens"]), len(row["chunks"]) | (128 if follows else 0)])
    for token, blank, pos in zip(row["tokens"], row["blank"], row["pos"]):
        length = len(token)
        head = CLASSES.get(pos, 0) | (4 if blank else 0)
        packed += bytes([head | length << 3]) if length < 32 else bytes([head, length])
    for start, end in row["chunks"]:
        packed += bytes([start, end])
    return bytes(packed)


def pack(first, second, target):
    first, second = ({row["prompt"]: row for row in json.load(open(name))} for name in (first, second))
    assert first.keys() == second.keys()
    rows = {}
    for prompt in first:
        key = hashlib.sha256(prompt.encode()).digest()[:8]
        assert key not in rows
        one, other = record(first[prompt], False), record(second[prompt], False)
        rows[key] = one if one == other else record(first[prompt], True) + other
    keys = sorted(rows)
    packed = b"GSF1" + struct.pack("<I", len(keys)) + b"".join(keys) + b"".join(rows[key] for key in keys)
    open(target, "wb").write(packed)
    print(len(keys), "prompts,", len(packed), "bytes")


if __name__ == "__main__":
    {"parse": parse, "check": check, "pack": pack}[sys.argv[1]](*sys.argv[2:])
