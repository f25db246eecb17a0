"""Fine-tune an encoder on the labeled excerpts, and let it score texts that nobody judged.

    python classifiers/educational/more.py DATA more.jsonl.xz --unread unread.jsonl.xz
    python classifiers/educational/finetune.py train.jsonl.xz --more more.jsonl.xz \\
        --unlabeled unread.jsonl.xz --encoder FOLDER --out teacher.npz

The encoder is a local folder of transformers (all-mpnet-base-v2 made ours); nothing is fetched. It
is trained eleven times: without each of five folds by group, without each of five by page, and on
all excerpts, so that whoever learns from the teacher can still be measured on folds that neither
has seen. What it does not do: keep the teachers, or give the same bytes on another machine. Needs
the extra ``transformers``, and a GPU if it is not to take days; `teacher.py` explains the file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from data import LABELS, TARGETS, TOPS, Excerpts, digest, read
from distill import texts
from teacher import write
from torch import nn
from transformers import AutoModel, AutoTokenizer

from webfilter.score.figures import kappa, pearson
from webfilter.score.fit import folds

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Pieces = list[list[int]]
"""Numbers of each text's word pieces."""

FOLDS = 5
LENGTH = 384
"""Word pieces after which a text is cut."""
WEIGHTS = (1.0, 0.5, 0.5, 0.5)
"""How much the error of each label counts."""
MORE = 0.5
"""What an excerpt of ``--more`` counts beside one of the main file."""


@dataclass(frozen=True)
class Course:
    """How a teacher is trained."""

    encoder: Path
    device: str = "cuda"
    epochs: int = 4
    rate: float = 4e-5
    """Highest learning rate of the encoder; that of the head is ten times as high."""
    batch: int = 32
    seed: int = 0


def main() -> None:
    """Fine-tune from the command line."""
    parser = argparse.ArgumentParser(description="Make the teacher of the educational model.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--more", type=Path, help="further excerpts, to train on only (more.py)")
    parser.add_argument("--unlabeled", type=Path, required=True, help="the same with the key text")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of transformers")
    parser.add_argument("--out", type=Path, required=True, help="scores, .npz")
    parser.add_argument("--epochs", type=int, default=Course.epochs)
    parser.add_argument("--rate", type=float, default=Course.rate, help="highest learning rate")
    parser.add_argument("--batch", type=int, default=Course.batch, help="texts a step")
    parser.add_argument("--seed", type=int, default=Course.seed)
    parser.add_argument("--device", default=Course.device, help="where torch computes")
    args = parser.parse_args()
    excerpts, unlabeled = read(args.data, args.more), texts(args.unlabeled)
    course = Course(args.encoder, args.device, args.epochs, args.rate, args.batch, args.seed)
    by_group, by_page, whole = run(excerpts, unlabeled, course)
    labels = np.concatenate([by_group, by_page, whole]).mean(axis=0)
    digests, labeled = ([digest(text) for text in of] for of in (unlabeled, excerpts.texts))
    write(args.out, digests, labels, by_group, by_page, labeled)
    print(f"\n{args.out}: {args.out.stat().st_size:,} bytes, {len(unlabeled):,} texts")


def run(excerpts: Excerpts, unlabeled: Sequence[str], course: Course) -> list[Floats]:
    """Train all teachers, and print how well they score the main excerpts held out.

    Returns:
        What they make of the unlabeled texts: without each fold by group, and by page, shape
        (5, n, 4), and with all excerpts, shape (1, n, 4).
    """
    count, labels, main = len(excerpts), excerpts.labels, excerpts.main
    pieces = cut([*excerpts.texts, *unlabeled], course.encoder)
    fold_by = {  # those of train.py and evaluate.py with their default seed
        "group": folds(labels[:, 0], excerpts.groups, FOLDS, 0),
        "page": folds(labels[:, 0], excerpts.pages, FOLDS, 0),
        "nothing": np.full(count, -1),
    }
    said, pooled = [], ["| held out by | label | kappa | pearson |", "| --- | --- | --- | --- |"]
    for by, fold in fold_by.items():
        scores, found = np.zeros(labels.shape), []
        for k in range(max(1, fold.max() + 1)):
            model = teach(pieces, excerpts, np.flatnonzero(fold != k), course, k)
            held = np.flatnonzero((fold == k) & main)
            scores[held] = model.scores([pieces[i] for i in held])
            found.append(model.scores(pieces[count:]))
            fits = (f"{pearson(labels[held, t], scores[held, t]):.3f}" for t in range(len(LABELS)))
            print(f"without {by} {k}: pearson", *(fits if len(held) else "-"), flush=True)
        said.append(np.stack(found))
        if by != "nothing":
            for t, name in enumerate(TARGETS):
                y, s = labels[main, t], scores[main, t]
                row = (by, name, f"{kappa(y, s, TOPS[t]):.3f}", f"{pearson(y, s):.3f}")
                pooled.append(f"| {' | '.join(row)} |")
    print("", *pooled, sep="\n")
    return said


class Teacher(nn.Module):
    """An encoder, the mean of its vectors over a text, and a linear head for each label."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        body = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self.body = body.float()
        self.head = nn.Linear(body.config.hidden_size, len(LABELS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, pieces: Pieces) -> torch.Tensor:
        """Return scores, shape (n, 4)."""
        device = self.head.weight.device
        width = -(-max(map(len, pieces)) // 16) * 16
        ids = torch.full((len(pieces), width), self.body.config.pad_token_id)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(pieces):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        ids, mask = ids.to(device), mask.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            vectors = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        means = (vectors.float() * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        scores: torch.Tensor = self.head(means)
        return scores

    @torch.no_grad()
    def scores(self, pieces: Pieces) -> Floats:
        """Return scores, shape (n, 4), clipped to 0..top."""
        found = np.zeros((len(pieces), len(LABELS)))
        for of in batches(pieces, np.arange(len(pieces)), 256):
            found[of] = self([pieces[i] for i in of]).cpu().numpy()
        return np.clip(found, 0.0, TOPS)


def teach(pieces: Pieces, excerpts: Excerpts, rows: Rows, course: Course, k: int) -> Teacher:
    """Return a teacher that was trained on the excerpts `rows`; `k` goes into the seed."""
    seed = 100 * course.seed + k
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, spread = excerpts.labels[rows].mean(axis=0), excerpts.labels[rows].std(axis=0)
    device, dtype = torch.device(course.device), torch.float32
    goals = torch.tensor((excerpts.labels - mean) / spread, dtype=dtype, device=device)
    counts = torch.tensor(np.where(excerpts.main, 1.0, MORE), dtype=dtype, device=device)
    weights = torch.tensor(WEIGHTS, device=device)
    model = Teacher(course.encoder).to(device).train()
    parts = [
        {"params": model.body.parameters(), "lr": course.rate},
        {"params": model.head.parameters(), "lr": course.rate * 10},
    ]
    optimizer = torch.optim.AdamW(parts, betas=(0.9, 0.98), weight_decay=0.01)
    steps = course.epochs * -(-len(rows) // course.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.06 * steps)) * (1.0 - step / steps)
    )
    for _ in range(course.epochs):
        for of in batches(pieces, rows, course.batch, rng):
            errors = (model([pieces[i] for i in of]) - goals[of]) ** 2
            loss = ((errors @ weights) * counts[of]).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    with torch.no_grad():  # from standardized labels to labels
        scale = torch.tensor(spread, dtype=dtype, device=device)
        model.head.weight.mul_(scale[:, None])
        model.head.bias.mul_(scale).add_(torch.tensor(mean, dtype=dtype, device=device))
    return model.eval()


def cut(rows: list[str], folder: Path) -> Pieces:
    """Return the word pieces of texts, `LENGTH` of each at most."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    pieces: Pieces = tokenizer(rows, truncation=True, max_length=LENGTH)["input_ids"]
    return pieces


def batches(
    pieces: Pieces, rows: Rows, size: int, rng: np.random.Generator | None = None
) -> list[Rows]:
    """Return rows in batches of similar length: other batches, and no order, with `rng`."""
    lengths = np.array([len(pieces[i]) for i in rows], dtype=np.float64)
    if rng is not None:
        lengths += rng.uniform(0.0, 24.0, len(rows))
    order = rows[np.argsort(lengths, kind="stable")]
    found = [order[i : i + size] for i in range(0, len(rows), size)]
    if rng is not None:
        rng.shuffle(found)
    return found


if __name__ == "__main__":
    main()
