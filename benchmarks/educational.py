"""How good, fast, calibrated, robust and fair is the educational score? Figures as tables.

    python benchmarks/educational.py train.jsonl.xz                       everything
    python benchmarks/educational.py train.jsonl.xz --section cv          one part
    python benchmarks/educational.py train.jsonl.xz --section cv --by page
    python benchmarks/educational.py train.jsonl.xz --pages pages.jsonl.xz
    python benchmarks/educational.py train.jsonl.xz --more MORE --pool POOL --section reading
    python benchmarks/educational.py train.jsonl.xz --section robustness --read-from 1

Sections: `cv` (grouped cross-validation, ours beside peers on the same folds), `speed`,
`calibration` (does the interval hold what it says?), `robustness` (pages that look like teaching;
sentences taken out), `skew` (the same lesson in several Englishes, one plan on many topics, errors
by topic), `reading` (what the reader adds, on a fold that it has not seen). `cv`, `calibration` and
`skew` share one cross-validation; `robustness`, `skew` and `speed` use the packaged model where the
texts are ours, and with `--read-from` its reader, too.

Data: excerpts labeled by the rubric, `.jsonl.xz` (see classifiers/educational/data.py). `--pages`:
whole pages, `.jsonl` or `.jsonl.xz` with `text` or `gold_text`; without it pages are made of five
excerpts each. Speed is per second of CPU time on one thread, the median of alternating repeats.
"""

from __future__ import annotations

import argparse
import functools
import json
import lzma
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import educational_texts as own
import numpy as np
import numpy.typing as npt
from educational_peers import PEERS, FastText, Ridge
from threadpoolctl import threadpool_limits

from webfilter.document import Document
from webfilter.score import Educational
from webfilter.score.figures import auc
from webfilter.score.fit import folds
from webfilter.score.packaged import FOLDER, entry, load, load_reader

CLASSIFIER = Path(__file__).parents[1] / "classifiers" / "educational"
sys.path.insert(0, str(CLASSIFIER))

import data as labeled  # noqa: E402 - it lies beside the model's training code

Floats = npt.NDArray[np.float64]
HEADS = ("educational", "reasoning", "lasting", "clean")
OURS = "ours"
SHARE = 0.9  # of labels that the interval is to hold
SECTIONS = ("cv", "worst", "clean", "speed", "calibration", "robustness", "skew", "reading")
_LOAD = """
import time
from webfilter.score.packaged import load, load_reader
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure the educational score.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl.xz")
    parser.add_argument("--more", type=Path, help="further excerpts, to train on only")
    parser.add_argument("--pool", type=Path, help="windows that the teacher read, for ours only")
    parser.add_argument("--section", choices=SECTIONS, nargs="+", help="only these parts")
    parser.add_argument("--pages", type=Path, help="whole pages, .jsonl or .jsonl.xz")
    parser.add_argument("--lines", type=Path, help="texts with labels of lines, .jsonl.xz")
    parser.add_argument("--read-from", type=float, help="as of the stage Educational")
    parser.add_argument("--texts", type=int, default=300, help="real ones, to take sentences from")
    parser.add_argument("--by", choices=("group", "page"), default="group", help="held together")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    stage = Educational(min_score=None, read_from=args.read_from)
    excerpts = labeled.read(args.data)
    everything = labeled.read(args.data, args.more)
    crossed = Crossed(everything, args.by, args.folds, args.seed, args.pool)
    pages = read_pages(args.pages) if args.pages else five_by_five(excerpts.texts)
    parts: dict[str, Callable[[], None]] = {
        "cv": lambda: cv(crossed),
        "worst": lambda: worst(crossed),
        "clean": lambda: clean(args.lines, stage),
        "speed": lambda: speed(excerpts, pages, args.repeats, stage),
        "calibration": lambda: calibration(crossed),
        "robustness": lambda: robustness(excerpts.texts, pages, args.texts, stage),
        "skew": lambda: skew(crossed, stage),
        "reading": lambda: reading(args.data, args.more, args.pool),
    }
    for name, part in parts.items():
        if args.section is None or name in args.section:
            print(f"\n## {name}\n", flush=True)
            with threadpool_limits(1):
                part()


class Crossed:
    """Predictions for each excerpt by models that saw nothing of its group; made once."""

    def __init__(
        self, excerpts: Any, by: str, count: int, seed: int, pool: Path | None = None
    ) -> None:
        self.everything, self.by, self.count, self.seed = excerpts, by, count, seed
        self.pool = pool
        self.excerpts = excerpts.take(np.flatnonzero(excerpts.main))  # they come first
        groups = excerpts.groups if by == "group" else excerpts.pages
        self.fold = folds(excerpts.labels[:, 0], groups, count, seed)

    @functools.cached_property
    def ours(self) -> tuple[Floats, Floats]:
        """Scores of all heads, (n, 4), and the ends of their intervals, (n, 4, 2)."""
        from evaluate import cross_validate
        from pool import read
        from train import TEACHER

        config = tomllib.loads((CLASSIFIER / "config.toml").read_text("utf-8"))
        windows = read(self.pool, TEACHER) if self.pool else None
        return cross_validate(self.everything, config, self.by, self.count, self.seed, windows)

    def peer(self, make: Callable[[], Any]) -> Floats:
        """Return the scores of a peer on the same folds, (n,)."""
        scores = np.zeros(len(self.excerpts))
        texts, labels = self.everything.texts, self.everything.labels[:, 0]
        for known, held in self._splits():
            model = make().fit([texts[i] for i in known], labels[known])
            scores[held] = model.predict([texts[i] for i in held])
        return scores

    def _splits(self) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        return [
            (
                np.flatnonzero(self.fold != k),
                np.flatnonzero((self.fold == k) & self.everything.main),
            )
            for k in range(self.count)
        ]


def cv(crossed: Crossed) -> None:
    """Print agreement with the labels: by scorer, by head, by source."""
    excerpts = crossed.excerpts
    labels, main = excerpts.labels, excerpts.labels[:, 0]
    scores, seconds = {}, {}
    makers: dict[str, Callable[[], Floats]] = {OURS: lambda: crossed.ours[0][:, 0]}
    makers |= {name: functools.partial(crossed.peer, make) for name, make in PEERS.items()}
    for name, make in makers.items():
        start = time.process_time()
        scores[name] = make()
        seconds[name] = time.process_time() - start
    print(
        f"{len(excerpts):,} excerpts and {(~crossed.everything.main).sum():,} more to train on, "
        f"{crossed.count} folds by {crossed.by}; each scorer trained "
        "anew in each fold. Kappa is quadratic, of rounded values.\n"
    )
    columns = ("kappa", "pearson", "spearman", "mae", "F1 >= 1.5", "F1 >= 2.5", "CPU s")
    rows = {n: [*agreement(main, scores[n], 5).values(), seconds[n]] for n in scores}
    table("educational", columns, rows)
    heads = {
        head: list(agreement(labels[:, t], crossed.ours[0][:, t], top).values())[:4]
        for t, (head, top) in enumerate(zip(HEADS, (5, 3, 2, 2), strict=True))
    }
    table("head (ours)", columns[:4], heads)
    by_source = {}
    for source in np.unique(excerpts.sources):
        of = excerpts.sources == source
        errors = [float(np.abs(s[of] - main[of]).mean()) for s in scores.values()]
        means = (main[of].mean(), scores[OURS][of].mean())
        by_source[str(source)] = [int(of.sum()), *map(float, means), *errors]
    names = ("excerpts", "mean label", "mean score (ours)", *(f"mae {name}" for name in scores))
    table("source", names, by_source)


def agreement(labels: Floats, scores: Floats, top: int) -> dict[str, float]:
    """Return kappa, correlations, mean absolute error, and F1 at the two cuts."""
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score, f1_score

    whole = [np.floor(np.clip(v, 0, top) + 0.5).astype(int) for v in (labels, scores)]
    return {
        "kappa": float(cohen_kappa_score(*whole, weights="quadratic")),
        "pearson": float(np.corrcoef(labels, scores)[0, 1]),
        "spearman": float(spearmanr(labels, scores).statistic),
        "mae": float(np.abs(labels - scores).mean()),
        **{
            f"f1 {cut}": float(f1_score(labels >= cut, scores >= cut, zero_division=0))
            for cut in (1.5, 2.5)
        },
    }


def speed(excerpts: Any, pages: list[str], repeats: int, stage: Educational) -> None:
    """Print texts per second of CPU time, ours and two peers in turn, and the load time."""
    texts, labels = excerpts.texts, excerpts.labels[:, 0]

    def ours(batch: list[str]) -> None:
        docs = [Document(str(i), text) for i, text in enumerate(batch)]
        for i in range(0, len(docs), 1_000):
            stage.process(docs[i : i + 1_000])

    scorers: dict[str, Callable[[list[str]], Any]] = {
        OURS: ours,
        "fastText supervised": FastText().fit(texts, labels).predict,
        "TF-IDF words, letters + ridge": Ridge().fit(texts, labels).predict,
    }
    sets = {"excerpts": [t for t in texts if len(t) >= 900][:3_000], "pages": pages[:400]}
    rows: dict[str, list[float]] = {name: [] for name in scorers}
    for batch in sets.values():
        found: dict[str, list[float]] = {name: [] for name in scorers}
        for score in scorers.values():
            score(batch[:300])  # warm
        for _ in range(repeats):
            for name, score in scorers.items():
                start = time.process_time()
                score(batch)
                found[name].append(len(batch) / (time.process_time() - start))
        for name, rates in found.items():
            rows[name].append(statistics.median(rates))
    means = {name: statistics.fmean(map(len, batch)) for name, batch in sets.items()}
    print(
        f"Excerpts of {means['excerpts']:,.0f} characters in the mean, pages of "
        f"{means['pages']:,.0f}; one thread, median of {repeats} alternating repeats. Ours makes "
        "documents, signals and verdicts too; the peers return numbers.\n"
    )
    table("scorer", ("excerpts / s", "pages / s"), rows, digits=0)
    models = {"educational": _model("educational", 'load("educational")', repeats)}
    if stage.read_from is not None:
        first = 'load_reader().encode(["water"])'  # what it unpacks at its first window included
        models["reader"] = _model("reader", first, repeats)
        rates = []
        for i in range(repeats):
            windows = sets["excerpts"][i * 50 : i * 50 + 50]
            start = time.process_time()
            load_reader().encode(windows)
            rates.append(len(windows) / (time.process_time() - start))
        print(f"The reader alone: {statistics.median(rates):.0f} windows a second.\n")
    table("model", ("load time, s", "file, MB"), models)


def _model(name: str, code: str, repeats: int) -> list[float]:
    """Return the time that a process takes to load a model, and the size of its file."""
    command = [sys.executable, "-c", _LOAD.format(code)]
    done = [
        subprocess.run(command, capture_output=True, check=True, text=True) for _ in range(repeats)
    ]
    seconds = statistics.median(float(run.stdout) for run in done)
    return [seconds, (FOLDER / entry(name)["file"]).stat().st_size / 1e6]


def worst(crossed: Crossed, count: int = 30) -> None:
    """Print the excerpts on which score and label differ most, without their texts."""
    excerpts, scores = crossed.excerpts, crossed.ours[0][:, 0]
    off = np.abs(scores - excerpts.labels[:, 0])
    rows = {
        f"{excerpts.sources[i]} {excerpts.pages[i]}": [excerpts.labels[i, 0], scores[i]]
        for i in np.argsort(-off, kind="stable")[:count]
    }
    table("excerpt", ("label", "score"), rows)


def clean(path: Path | None, stage: Educational) -> None:
    """Print how well the head `clean` parts what people kept of pages from what they threw out."""
    if path is None:
        print("left out: give --lines")
        return
    kept, scores = [], []
    for line in lzma.decompress(path.read_bytes()).decode("utf-8").split("\n"):
        row = json.loads(line) if line.strip() else {"lang": ""}
        if row["lang"] != "en":
            continue
        lines = row["lines"]
        labels = row["line_labels"]
        for label in (0, 1):
            text = "\n".join(x for x, y in zip(lines, labels, strict=True) if y == label)
            if len(text) >= 100:
                kept.append(bool(label))
                scores.append(float(stage.measure(Document("lines", text))["clean"]))
    found = auc(kept, scores)
    print(f"{len(kept)} texts, {sum(kept)} of lines that people kept: AUC {found:.3f} (asked: .90)")


def calibration(crossed: Crossed) -> None:
    """Print how many labels the 90 % interval holds, by head and band of the score."""
    labels = crossed.excerpts.labels
    scores, ends = crossed.ours
    summary, bands = {}, {}
    for t, (head, top) in enumerate(zip(HEADS, (5, 3, 2, 2), strict=True)):
        inside = (ends[:, t, 0] <= labels[:, t]) & (labels[:, t] <= ends[:, t, 1])
        band = np.minimum(np.floor(scores[:, t] / top * 10), 9).astype(int)
        off = error = 0.0
        for b in np.unique(band):
            of = band == b
            share, held = of.mean(), inside[of].mean()
            off += share * abs(held - SHARE)
            error += share * abs(scores[of, t].mean() - labels[of, t].mean())
            name = f"{head} {b * top / 10:g}-{(b + 1) * top / 10:g}"
            means = (scores[of, t].mean(), labels[of, t].mean())
            width = (ends[of, t, 1] - ends[of, t, 0]).mean()
            bands[name] = [int(of.sum()), *map(float, means), float(held), float(width)]
        width = (ends[:, t, 1] - ends[:, t, 0]).mean()
        summary[head] = [float(inside.mean()), off * 100, float(width), error]
    print(f"The interval is to hold {SHARE:.0%} of labels; asked: off by at most 3 points.\n")
    columns = ("held", "expected absolute error, points", "mean width", "error of the score")
    table("head", columns, summary)
    table("band", ("excerpts", "mean score", "mean label", "held", "mean width"), bands)


def robustness(excerpts: list[str], pages: list[str], most: int, stage: Educational) -> None:
    """Print the scores of pages that look like teaching, and the stability of real ones."""
    found = own.adversarial()
    rows = {}
    above = []
    for page in found:
        signals = stage.measure(Document("page", page.text))
        rows[f"{page.kind}: {page.name}"] = [signals[head] for head in HEADS]
        if signals["educational"] >= 2.5:
            above.append(f"{page.name} ({signals['educational']:.2f})")
    table("page (ours, all to be below 2.5)", HEADS, rows, digits=2)
    print(f"{len(above)} of {len(rows)} at 2.5 or more: {', '.join(above) or 'none'}.\n")
    rows = {}
    for name, lesson in own.lessons("standard").items():
        signals = stage.measure(Document("page", lesson))
        rows[name] = [signals[head] for head in HEADS]
    table("the lessons that some are made of", HEADS, rows, digits=2)
    print("Score of a page when a tenth of its sentences goes, 20 times (asked: sd < 0.2).\n")
    stable = {}
    for name, texts in (("pages", pages), ("excerpts", excerpts)):
        chosen = [t for t in texts if len(own.sentences(t)) >= 10]
        chosen = chosen[:: max(1, len(chosen) // most)][:most]
        spread = np.array([_spread(stage, text, i) for i, text in enumerate(chosen)])
        stable[name] = [
            len(chosen),
            float(spread.mean()),
            float(np.quantile(spread, 0.95)),
            float(spread.max()),
            float((spread < 0.2).mean()),
        ]
    table("texts", ("number", "mean sd", "95 %", "largest", "share below 0.2"), stable)


def _spread(stage: Educational, text: str, seed: int) -> float:
    docs = [Document(str(i), cut) for i, cut in enumerate(own.thinned(text, 20, seed))]
    scores = [row["educational"] for row in stage.measure_batch(docs)]
    return float(np.std(np.array(scores, dtype=float)))


def skew(crossed: Crossed, stage: Educational) -> None:
    """Print scores by variety of English and topic, and errors by topic where there are labels."""

    def scored(texts: Mapping[str, str]) -> dict[str, list[float]]:
        docs = [Document(name, text) for name, text in texts.items()]
        found = stage.measure_batch(docs)
        return {name: [row[h] for h in HEADS] for name, row in zip(texts, found, strict=True)}

    varieties = {}
    plain = scored(own.lessons("standard"))
    for variety in own.varieties():
        rows = scored(own.lessons(variety))
        means = [statistics.fmean(row[t] for row in rows.values()) for t in range(len(HEADS))]
        against = statistics.fmean(rows[name][0] - plain[name][0] for name in rows)
        varieties[variety] = [*means, against]
    print("The same three lessons in several Englishes (the packaged model).\n")
    table("variety", (*HEADS, "against standard"), varieties, digits=2)
    print("Short lessons of one plan on many topics (the packaged model).\n")
    table("topic", HEADS, scored(own.topics()), digits=2)
    excerpts = crossed.excerpts
    labels, scores = excerpts.labels[:, 0], crossed.ours[0][:, 0]
    print(
        "Labeled excerpts that use at least two words of a topic, cross-validated: residual is "
        "score minus label, +- twice its standard error.\n"
    )
    rows = {}
    for topic, pattern in own.TOPIC_WORDS.items():
        of = np.array([len(set(pattern.findall(t.lower()))) >= 2 for t in excerpts.texts])
        if of.sum() >= 20:
            rows[topic] = _residual(labels[of], scores[of])
    rows["all"] = _residual(labels, scores)
    columns = ("excerpts", "mean label", "mean score", "residual", "+-")
    table("topic", columns, rows)
    bands = {
        f"labeled {low}-{low + 1}": _residual(labels[of], scores[of])
        for low in range(5)
        for of in [(labels >= low) & ((labels < low + 1) | (low == 4))]
    }
    table("label", columns, bands)


def reading(data: Path, more: Path | None, pool: Path | None) -> None:
    """Print how well regression and reader do together on the fold that neither has seen."""
    if more is None or pool is None:
        print("left out: give --more and --pool")
        return
    from mixing import judge
    from train import TEACHER

    judge(data, more, pool, TEACHER, tomllib.loads((CLASSIFIER / "config.toml").read_text("utf-8")))


def _residual(labels: Floats, scores: Floats) -> list[float]:
    off = scores - labels
    error = 2 * off.std() / np.sqrt(len(off))
    return [len(off), float(labels.mean()), float(scores.mean()), float(off.mean()), float(error)]


def read_pages(path: Path) -> list[str]:
    """Return the texts of whole pages, those of 200 characters or more."""
    data = path.read_bytes()
    lines = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()]
    texts = [row.get("text") or row.get("gold_text") or "" for row in rows]
    return [text for text in texts if len(text) >= 200]


def five_by_five(texts: Sequence[str]) -> list[str]:
    """Return pages made of five excerpts each."""
    return ["\n".join(texts[i : i + 5]) for i in range(0, len(texts) - 4, 5)]


def table(
    title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Any]], digits: int = 3
) -> None:
    """Print a Markdown table."""
    print(f"| {title} | {' | '.join(columns)} |")
    print("| --- " + "| ---: " * len(columns) + "|")
    for name, row in rows.items():
        cells = (f"{v:,.{digits}f}" if isinstance(v, float) else f"{v:,}" for v in row)
        print(f"| {name} | {' | '.join(cells)} |")
    print(flush=True)


if __name__ == "__main__":
    load("educational")
    main()
