"""Label texts with a language model: excerpts in, a file for train.py and evaluate.py out.

    python classifiers/educational/label.py pages.jsonl labels.jsonl \\
        --endpoint http://localhost:8000/v1 --model some-model --cache answers

The input is anything that ``webfilter.read`` opens. Answers are cached as they come: after
an interrupt the same command goes on, and a second run costs nothing. Failed excerpts are written
beside the labels, with the reason. ``--estimate`` asks nothing and says what a run would cost;
``--count 2000`` draws that many texts from bands of the packaged model's score; ``--against
people.jsonl`` says how far the reader agrees with labels that are there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import webfilter as wf
from webfilter.score.annotation import Agreement, Annotations, Cost, Rubric
from webfilter.score.annotator import Annotator
from webfilter.score.select import select


def main(arguments: Sequence[str] | None = None) -> int:
    """Label from the command line; return 1 where nothing could be labeled."""
    args = parser().parse_args(arguments)
    try:
        return label(args)
    except wf.WebfilterError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the answers so far are in the cache", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    found = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    found.add_argument("source", help="file, glob or folder of pages or texts")
    found.add_argument("out", type=Path, help="labels, .jsonl")
    found.add_argument("--endpoint", required=True, help="such as http://localhost:8000/v1")
    found.add_argument("--model", required=True, action="append", help="repeat for more readers")
    found.add_argument("--key-env", help="environment variable that holds the API key")
    found.add_argument("--rubric", type=Path, help="TOML file; default: the packaged rubric")
    found.add_argument("--cache", type=Path, help="folder of answers; default: OUT.answers")
    found.add_argument("--readers", type=int, default=1, help="how often each model is asked")
    found.add_argument("--temperature", type=float, default=0.0)
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--max-chars", type=int, default=1_000, help="of an excerpt")
    found.add_argument("--windows", type=int, default=1, help="most excerpts of a text")
    found.add_argument("--max-tokens", type=int, default=1_000, help="of an answer")
    found.add_argument("--concurrency", type=int, default=8)
    found.add_argument("--timeout", type=float, default=120.0, help="seconds")
    found.add_argument("--price", type=float, nargs=2, metavar=("IN", "OUT"), help="for 1M tokens")
    found.add_argument("--budget", type=float, help="most to spend in this run; needs --price")
    found.add_argument("--count", type=int, help="draw so many texts, by the packaged model")
    found.add_argument("--per-host", type=int, help="most of a site in each band of the draw")
    found.add_argument("--unsure", action="store_true", help="draw where the model is unsure")
    found.add_argument("--estimate", action="store_true", help="only say what it would cost")
    found.add_argument("--against", type=Path, help="labeled file to compare with")
    return found


def label(args: argparse.Namespace) -> int:
    """Do what `args` say."""
    annotator = Annotator(
        args.endpoint,
        tuple(args.model),
        Rubric.from_toml(args.rubric) if args.rubric else Rubric.packaged("educational"),
        key_env=args.key_env,
        readers=args.readers,
        max_chars=args.max_chars,
        windows=args.windows,
        temperature=args.temperature,
        seed=args.seed,
        max_tokens=args.max_tokens,
        concurrency=args.concurrency,
        timeout=args.timeout,
        prices=dict.fromkeys(args.model, args.price) if args.price else {},
        budget=args.budget,
        cache=args.cache or args.out.with_name(f"{args.out.name}.answers"),
    )
    docs: Iterable[wf.Document] = wf.read(args.source)
    if args.count is not None:
        scored = wf.Pipeline((wf.Educational(min_score=None),)).kept(docs)
        weight = ("educational_low", "educational_high") if args.unsure else None
        docs = select(scored, args.count, weight=weight, per_host=args.per_host, seed=args.seed)
    if args.estimate:
        print(told(annotator.estimate(docs)))
        return 0
    found = annotator.annotate(docs)
    failed = found.write(args.out)
    print(summary(found))
    if failed is not None:
        print(f"\nFailed excerpts are in {failed}")
    if args.against is not None:
        print("\n" + table(found.agreement(args.against)))
    return 0 if found.labeled or not len(found) else 1


def summary(found: Annotations) -> str:
    """Return what came of it: counts, reasons, mean labels, cost, agreement."""
    rows = [f"{len(found.labeled):,} labeled, {len(found.failed):,} failed"]
    rows += [f"- {count:,} failed: {reason}" for reason, count in found.reasons.items()]
    if found.labeled:
        means = found.labels.mean(axis=0)
        pairs = zip(found.rubric.names, means, strict=True)
        rows.append("mean label: " + ", ".join(f"{name} {mean:.2f}" for name, mean in pairs))
    rows.append(told(found.cost))
    between = found.agreement()
    return "\n".join([*rows, "", table(between)] if between else rows)


def told(cost: Cost) -> str:
    """Return `cost` in words."""
    about = "about " if cost.estimated else ""
    said = (
        f"{cost.questions:,} questions, {cost.cached:,} answered from the cache; {cost.requests:,} "
        f"requests, {about}{cost.tokens_in:,} tokens in and {cost.tokens_out:,} out"
    )
    return said if cost.money is None else f"{said}, {about}{cost.money:.4g} at the given prices"


def table(rows: Sequence[Agreement]) -> str:
    """Return agreement as a Markdown table."""
    names = ("scale", "first", "second", "count", "kappa", "exact", "near", "bias")
    lines = ["| " + " | ".join(names) + " |", "| --- " * len(names) + "|"]
    for row in rows:
        cells = [getattr(row, name) for name in names]
        shown = (
            "-" if v is None else f"{v:.3f}" if isinstance(v, float) else f"{v}" for v in cells
        )
        lines.append("| " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
