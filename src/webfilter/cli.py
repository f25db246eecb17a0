"""The command line: ``webfilter run``, ``explain``, ``tune`` and ``list``.

``webfilter sweep``, ``borderline``, ``removal`` and ``audit`` ask a run folder about its limits,
``webfilter clusters`` about its duplicates; ``webfilter compare`` says what changed between two.
``webfilter cascade`` fits a fast first pass to a recipe, ``webfilter order`` puts its filters in
the order that costs least, ``webfilter fineweb2`` makes FineWeb-2's chain, ``webfilter models``
fetches models.

Exit codes: 0 done; 1 the run itself broke; 2 something given cannot be used, or the output cannot
be written; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webfilter import __version__
from webfilter.errors import (
    ConfigError,
    OutputError,
    RunError,
    SourceError,
    WebfilterError,
    because,
)
from webfilter.models import command

if TYPE_CHECKING:
    from webfilter.document import Document
    from webfilter.pipeline import Pipeline
    from webfilter.read import Source
    from webfilter.report import (
        Audit,
        Borderline,
        Breakdown,
        Clusters,
        Comparison,
        Diff,
        Explanation,
        Removal,
        Report,
        Sweep,
    )

    Asked = Sweep | Borderline | Removal | Breakdown | Clusters | Comparison | Diff | Audit

__all__ = ["main"]

_OPTIONS = {
    "overwrite=True": "--overwrite",
    "resume=False": "--no-resume",
    "measure_all=True": "--measure-all",
    "with work=": "with --work",
    "with stage=": "with --stage",
    "with language=": "with --language",
    "with text=": "with --text",
    "pages with html=": "pages with --html",
    "bound='": "--bound '",
}
"""What errors propose, as it is said in Python and here."""
_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What JSON leaves as it is and a terminal obeys: controls, and marks of direction."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with `argv` (default: ``sys.argv[1:]``); return the exit code."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.do(args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except RunError as error:
        return _complain(error, 1)
    except WebfilterError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:
        resumes = args.do is _run and not args.no_resume
        given = ", given the same input," if resumes and "-" in args.inputs else ""
        more = f"; the same command{given} goes on from here" if resumes else ""
        return _complain(f"interrupted; no output was put in place{more}", 130)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        _say_no_more()
        return 0
    except OSError as error:  # such as a full disk under our output
        _say_no_more()
        return _complain(error, 1)


def _complain(error: object, code: int) -> int:
    from webfilter.report.figures import visible

    said = str(error)
    for argument, option in _OPTIONS.items():
        said = said.replace(argument, option)
    if sys.stderr is not None:
        shown = "\n".join(map(visible, said.splitlines()))
        sys.stderr.write(f"webfilter: error: {shown}\n")
    return code


def _say_no_more() -> None:
    """Let Python find nothing to complain of when it flushes standard output at the end."""
    with contextlib.suppress(AttributeError, OSError):  # there is none, or no real one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _positive(text: str) -> int:
    with contextlib.suppress(ValueError):
        if (number := int(text)) >= 1:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")


def _fields(parser: argparse.ArgumentParser, pages: bool = True) -> None:
    """Add the options that name the fields of what is read; of `pages`, too."""
    fields = ("text", "html", "id", "url") if pages else ("text", "id", "url")
    for role in fields:
        about = f"field or column that holds the {'page' if role == 'html' else role} ({role})"
        parser.add_argument(f"--{role}", metavar="FIELD", default=role, help=about)
    parser.set_defaults(fields=fields)


def _source(args: argparse.Namespace, paths: Sequence[str]) -> Source:
    from webfilter.read import read

    return read.files(paths, **{role: getattr(args, role) for role in args.fields})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="webfilter", description="From raw web crawl to filtered training text."
    )
    parser.add_argument("--version", action="version", version=f"webfilter {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a recipe over a crawl and write a run folder")
    run.add_argument("recipe", metavar="RECIPE", help="a packaged recipe, or a TOML file")
    run.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="files, folders, globs, URLs, or -: standard input",
    )
    run.add_argument("--out", metavar="DIR", required=True, help="run folder to write")
    _fields(run)
    run.add_argument("--limit", metavar="N", type=_positive, help="read the first N documents only")
    run.add_argument("--workers", metavar="N", type=_positive, default=1, help="processes (1)")
    run.add_argument("--batch-size", metavar="N", type=_positive, default=64, help="pages (64)")
    run.add_argument(
        "--format", choices=("parquet", "jsonl", "jsonl.zst", "jsonl.gz"), default="parquet"
    )
    run.add_argument(
        "--measure-all", action="store_true", help="measure every signal on dropped pages too"
    )
    run.add_argument(
        "--cascade", action="store_true", help="filter a fast draft first, extract the rest"
    )
    run.add_argument("--overwrite", action="store_true", help="replace an earlier run in DIR")
    run.add_argument("--work", metavar="FOLDER", help="for what does not fit into memory (DIR)")
    run.add_argument(
        "--no-resume", action="store_true", help="do not go on where an interrupted run stopped"
    )
    run.set_defaults(do=_run)

    explain = commands.add_parser("explain", help="say what every rule finds on one page")
    explain.add_argument("file", metavar="FILE|-", help="one page, HTML, or - for standard input")
    explain.add_argument("--url", help="the page's URL, for the rules that judge it")
    explain.add_argument("--recipe", default="educational", help="recipe to explain (educational)")
    explain.add_argument("--text", action="store_true", help="FILE is plain text, not HTML")
    explain.add_argument(
        "--as", dest="form", choices=("text", "html", "json"), default="text", help="output (text)"
    )
    explain.set_defaults(do=_explain)

    tune = commands.add_parser("tune", help="find limits on a good and a bad corpus")
    tune.add_argument("good", metavar="GOOD", help="file, folder, glob or URL: what to keep")
    tune.add_argument("bad", metavar="BAD", help="the same: what to drop")
    _fields(tune, pages=False)
    tune.add_argument("--out", metavar="FILE", required=True, help="recipe to write, TOML")
    tune.add_argument("--html", metavar="FILE", help="page with figures to write")
    tune.add_argument("--recipe", help="recipe whose limits to tune (the four heuristics)")
    tune.add_argument(
        "--max-loss", metavar="SHARE", type=float, default=0.01, help="of GOOD (0.01)"
    )
    tune.add_argument("--by", choices=("language",), help="limits for each language, too")
    tune.add_argument(
        "--skip", metavar="NAME", action="append", default=[], help="signal or stage to leave alone"
    )
    tune.add_argument(
        "--given", action="store_true", help="take the signals of a run with --measure-all"
    )
    tune.add_argument("--seed", metavar="N", type=int, default=0, help="of halves and samples (0)")
    tune.add_argument("--overwrite", action="store_true", help="replace FILE")
    tune.set_defaults(do=_tune)

    cascade = commands.add_parser("cascade", help="fit a fast first pass on a sample of pages")
    cascade.add_argument("recipe", metavar="RECIPE", help="a packaged recipe, or a TOML file")
    cascade.add_argument("inputs", metavar="INPUT", nargs="+", help="pages: files, folders, globs")
    _fields(cascade)
    cascade.add_argument("--out", metavar="FILE", required=True, help="recipe to write, TOML")
    cascade.add_argument(
        "--max-loss", metavar="SHARE", type=float, default=0.01, help="of what is kept (0.01)"
    )
    cascade.add_argument("--confidence", metavar="P", type=float, default=0.95, help="(0.95)")
    cascade.add_argument("--overwrite", action="store_true", help="replace FILE")
    cascade.set_defaults(do=_cascade)

    order = commands.add_parser("order", help="put filters in the order that costs least")
    order.add_argument("recipe", metavar="RECIPE", help="a packaged recipe, or a TOML file")
    order.add_argument("inputs", metavar="INPUT", nargs="+", help="files, folders, globs")
    _fields(order)
    order.add_argument("--out", metavar="FILE", required=True, help="recipe to write, TOML")
    order.add_argument(
        "--documents", metavar="N", type=int, default=1_000, help="the first N (1000)"
    )
    order.add_argument("--overwrite", action="store_true", help="replace FILE")
    order.set_defaults(do=_order)

    fineweb2 = commands.add_parser("fineweb2", help="make FineWeb-2's chain for languages of yours")
    fineweb2.add_argument(
        "configs",
        metavar="CONFIG",
        nargs="+",
        help="FineWeb-2's file of a language, named after it: deu_Latn.yml",
    )
    fineweb2.add_argument("--out", metavar="FILE", required=True, help="recipe to write, TOML")
    fineweb2.add_argument("--model", metavar="FILE", help="GlotLID's, to tell languages (ours)")
    fineweb2.add_argument("--overwrite", action="store_true", help="replace FILE")
    fineweb2.set_defaults(do=_fineweb2)

    _report_commands(commands)
    command.add(commands)

    listing = commands.add_parser("list", help="list stages, their signals and the recipes")
    listing.add_argument("name", metavar="NAME", nargs="?", help="a stage or recipe: all about it")
    listing.set_defaults(do=_list)
    return parser


def _report_commands(commands: Any) -> None:
    """Add what can be asked of a run that has been."""
    moved = argparse.ArgumentParser(add_help=False)
    moved.add_argument("--bound", choices=("ge", "gt", "le", "lt"), help="which of two limits")
    moved.add_argument("--stage", help="the stage, where several judge the signal")
    moved.add_argument("--language", help="the language, where each has its own limit")
    asked = argparse.ArgumentParser(add_help=False)
    asked.add_argument("--recipe", help="the recipe that ran, where the report's cannot be built")
    asked.add_argument(
        "--as", dest="form", choices=("text", "html", "json"), default="text", help="output (text)"
    )
    place = {"metavar": "RUN", "help": "a run folder, or its report.json"}

    sweep = commands.add_parser(
        "sweep", parents=[moved, asked], help="say what other limits of a rule would keep"
    )
    sweep.add_argument("run", **place)
    sweep.add_argument("signal", metavar="SIGNAL", help="what the rule judges, such as words")
    sweep.add_argument("limits", metavar="LIMIT", nargs="+", help="numbers; off: without the limit")
    sweep.set_defaults(do=_sweep)

    near = commands.add_parser(
        "borderline", parents=[moved, asked], help="show the pages nearest to a limit"
    )
    near.add_argument("run", **place)
    near.add_argument("signal", metavar="SIGNAL", help="what the rule judges, such as words")
    near.add_argument("-n", metavar="N", type=_positive, default=20, help="pages (20)")
    near.add_argument("--others", action="store_true", help="also what other rules drop")
    near.set_defaults(do=_borderline)

    removed = commands.add_parser(
        "removal", parents=[asked], help="say what each rule removes, and what only it does"
    )
    removed.add_argument("run", **place)
    removed.add_argument(
        "--characters", action="store_true", help="shares of characters, not of words"
    )
    removed.set_defaults(do=_removal)

    parted = commands.add_parser("breakdown", help="say who is kept: by language, host, source")
    parted.add_argument("run", **place)
    parted.add_argument("by", metavar="BY", help="host, a signal (language), or meta.FIELD")
    parted.add_argument("-n", metavar="N", type=_positive, default=20, help="groups (20)")
    parted.add_argument("--mean", metavar="SIGNAL", help="tell its mean over what is kept")
    parted.add_argument(
        "--as", dest="form", choices=("text", "html", "json"), default="text", help="output (text)"
    )
    parted.set_defaults(do=_breakdown)

    largest = commands.add_parser(
        "clusters", parents=[asked], help="show the largest clusters of duplicates"
    )
    largest.add_argument("run", **place)
    largest.add_argument("--stage", help="the deduplication, where there are several")
    largest.add_argument("-n", metavar="N", type=_positive, default=20, help="clusters (20)")
    largest.add_argument(
        "--members", metavar="N", type=_positive, default=5, help="duplicates of each (5)"
    )
    largest.add_argument(
        "--diff",
        metavar="I",
        type=_positive,
        help="show the I-th side by side: what stayed, and its least similar duplicate",
    )
    largest.add_argument("--html", metavar="FILE", help="write a page too")
    largest.add_argument("--overwrite", action="store_true", help="replace FILE")
    largest.set_defaults(do=_clusters)

    compared = commands.add_parser("compare", help="say what changed from one run to another")
    compared.add_argument("before", **{**place, "metavar": "BEFORE"})
    compared.add_argument("after", **{**place, "metavar": "AFTER"})
    compared.add_argument(
        "-n", metavar="N", type=_positive, default=20, help="examples of each transition (20)"
    )
    compared.add_argument(
        "--as", dest="form", choices=("text", "html", "json"), default="text", help="output (text)"
    )
    compared.add_argument(
        "--json", dest="form", action="store_const", const="json", help="the same as --as json"
    )
    compared.add_argument("--html", metavar="FILE", help="write a page too")
    compared.add_argument("--overwrite", action="store_true", help="replace FILE")
    compared.set_defaults(do=_compare)

    audit = commands.add_parser("audit", help="say what a cascade dropped that was worth keeping")
    audit.add_argument("run", **place)
    audit.add_argument("--recipe", help="the recipe that ran, where the report's cannot be built")
    audit.add_argument("--as", dest="form", choices=("text", "json"), default="text")
    audit.set_defaults(do=_audit)


def _limit(text: str) -> float | None:
    if text == "off":
        return None
    with contextlib.suppress(ValueError):
        if math.isfinite(limit := float(text)):
            return limit
    raise ConfigError(f"limit {text!r} is no finite number; off tries it without the limit")


def _pipeline(recipe: str) -> Pipeline:
    from webfilter.recipes import load

    return load(recipe)


def _run(args: argparse.Namespace) -> int:
    pipe = _pipeline(args.recipe)
    with _logged():
        source = _source(args, args.inputs)
        report = (pipe.cascaded() if args.cascade else pipe).run(
            source if args.limit is None else source.take(args.limit),
            args.out,
            format=args.format,
            workers=args.workers,
            batch_size=args.batch_size,
            measure_all=args.measure_all,
            overwrite=args.overwrite,
            work=args.work,
            resume=not args.no_resume,
        )
    _write(f"{report}\n\n{Path(args.out) / 'report.html'}\n")
    return 0


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """Write what the library logs to standard error, with the time, where no bar can be shown."""
    if sys.stderr is None or sys.stderr.isatty():
        yield
        return
    logger, handler = logging.getLogger("webfilter"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _explain(args: argparse.Namespace) -> int:
    pipe = _pipeline(args.recipe)
    if args.file == "-" and sys.stdin is None:
        raise SourceError("-: standard input is closed")
    try:
        page = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        raise SourceError(f"{args.file}: cannot be read: {error.strerror}") from None
    if args.text:
        found = pipe.explain(text=page.decode("utf-8", "replace"), url=args.url)
    elif isinstance(one := _one(args.file, page), bytes):
        found = pipe.explain(one, url=args.url)
    else:
        found = pipe.explain(one if args.url is None else replace(one, url=args.url))
    return _say(found, args.form)


def _one(name: str, data: bytes) -> bytes | Document:
    """Return the one page in `data`: HTML, or the only record or line of WARC or JSON Lines.

    Raises:
        SourceError: it is several, or none.
    """
    from webfilter.read import read
    from webfilter.read.decoders import codec_of
    from webfilter.read.kinds import kind_by_content
    from webfilter.read.stored import Raw

    kind, codec = kind_by_content(Raw(io.BytesIO(data))), codec_of(data[:16])
    if codec is None and kind in (None, "html"):
        return data
    docs = [] if kind in (None, "parquet") else list(islice(read.files(io.BytesIO(data)), 2))
    if len(docs) != 1:
        many = f"{kind}, of more than one page" if docs else kind or f"{codec} data, of no page"
        raise SourceError(f"{name}: is {many}; explain takes one page, run takes them all")
    if docs[0].verdict is not None:
        raise SourceError(f"{name}: {docs[0].verdict}")
    return docs[0].html or b"" if kind == "html" else docs[0]


def _say(found: Explanation | Asked, form: str) -> int:
    import json

    from webfilter.report.audit import Audit

    if form == "html" and not isinstance(found, Audit):
        said = found.to_html()
    elif form == "json":
        said = json.dumps(found.to_dict(), indent=2, ensure_ascii=False)
        said = _OBEYED.sub(lambda mark: f"\\u{ord(mark[0]):04x}", said)
    else:
        said = str(found)
    _write(f"{said}\n")
    return 0


def _write(text: str) -> None:
    """Write to standard output, if there is one, in UTF-8 whatever the terminal says it takes."""
    if sys.stdout is not None:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))


def _tune(args: argparse.Namespace) -> int:
    from webfilter.tuning import tune

    named = [name for name in (args.out, args.html) if name is not None]
    targets = [_target(name, args.overwrite) for name in named]
    if args.html is not None and targets[1].suffix != ".html":
        raise OutputError(f"--html {args.html}: the name of a page ends in .html")
    if targets[0].suffix == ".html":
        raise OutputError(f"--out {args.out}: that is for the recipe; --html writes a page")
    if args.good == args.bad == "-":
        raise SourceError("-: standard input is one corpus; the other has to be a path")
    found = tune(
        _source(args, [args.good]),
        _source(args, [args.bad]),
        None if args.recipe is None else _pipeline(args.recipe),
        max_loss=args.max_loss,
        by=args.by,
        skip=args.skip,
        given=args.given,
        seed=args.seed,
    )
    for path in targets:
        found.save(path)
    _write(f"{found}\n\n" + "".join(f"{path}\n" for path in targets))
    return 0


def _cascade(args: argparse.Namespace) -> int:
    from webfilter.tuning import fit_cascade

    path = _target(args.out, args.overwrite)
    found = fit_cascade(
        _pipeline(args.recipe),
        _source(args, args.inputs),
        max_loss=args.max_loss,
        confidence=args.confidence,
    )
    found.save(path)
    _write(f"{found}\n\n{path}\n")
    return 0


def _order(args: argparse.Namespace) -> int:
    from webfilter.tuning import fit_order

    path = _target(args.out, args.overwrite)
    found = fit_order(_pipeline(args.recipe), _source(args, args.inputs), documents=args.documents)
    found.save(path)
    _write(f"{found}\n\n{path}\n")
    return 0


def _fineweb2(args: argparse.Namespace) -> int:
    from webfilter.recipes.fineweb2 import fineweb2
    from webfilter.tuning.recipe import save_recipe

    path = _target(args.out, args.overwrite)
    configs = {Path(name).stem: name for name in args.configs}
    if len(configs) < len(args.configs):
        raise ConfigError("fineweb2: two of the files have one name, so one language; keep one")
    pipe = fineweb2(configs, model=args.model)
    save_recipe(path, pipe, f"FineWeb-2's chain for {', '.join(configs)}")
    _write(f"{path}\n")
    return 0


def _asked(args: argparse.Namespace) -> tuple[Report, Pipeline | None]:
    from webfilter.report import Report

    return Report.load(args.run), None if args.recipe is None else _pipeline(args.recipe)


def _moved(args: argparse.Namespace) -> dict[str, Any]:
    return {"bound": args.bound, "stage": args.stage, "language": args.language}


def _sweep(args: argparse.Namespace) -> int:
    report, pipe = _asked(args)
    limits = [_limit(text) for text in args.limits]
    return _say(report.sweep(args.signal, limits, **_moved(args), pipe=pipe), args.form)


def _borderline(args: argparse.Namespace) -> int:
    report, pipe = _asked(args)
    found = report.borderline(args.signal, args.n, **_moved(args), others=args.others, pipe=pipe)
    return _say(found, args.form)


def _removal(args: argparse.Namespace) -> int:
    report, pipe = _asked(args)
    return _say(report.removal(characters=args.characters, pipe=pipe), args.form)


def _breakdown(args: argparse.Namespace) -> int:
    from webfilter.report import Report

    found = Report.load(args.run).breakdown(args.by, args.n, mean=args.mean)
    return _say(found, args.form)


def _clusters(args: argparse.Namespace) -> int:
    path = None if args.html is None else _page(args.html, args.overwrite)
    report, pipe = _asked(args)
    n = max(args.n, args.diff or 0)
    found = report.clusters(args.stage, n, members=args.members, pipe=pipe)
    said: Clusters | Diff = found
    if args.diff is not None:
        if args.diff > len(found):
            raise ConfigError(f"--diff {args.diff}: the run has {len(found)} clusters")
        said = found.diff(args.diff - 1)
    return _shown(said, args.form, path)


def _compare(args: argparse.Namespace) -> int:
    from webfilter.report.compare import compare

    path = None if args.html is None else _page(args.html, args.overwrite)
    return _shown(compare(args.before, args.after, examples=args.n), args.form, path)


def _shown(found: Clusters | Comparison | Diff, form: str, path: Path | None) -> int:
    """Write a page where one is asked for, then say what was found."""
    if path is not None:
        try:
            path.write_text(found.to_html(), "utf-8", errors="replace", newline="\n")
        except OSError as error:
            raise OutputError(f"cannot write {str(path)!r}: {because(error)}") from error
    return _say(found, form)


def _page(name: str, overwrite: bool) -> Path:
    """Return where to write a page; see `_target`."""
    if Path(name).suffix != ".html":
        raise OutputError(f"--html {name}: the name of a page ends in .html")
    return _target(name, overwrite)


def _target(name: str, overwrite: bool) -> Path:
    """Return where to write a file.

    Raises:
        OutputError: it cannot be written there, or something else is there.
    """
    path = Path(name)
    try:
        fits, there = path.parent.is_dir() and not path.is_dir(), path.exists()
    except OSError as error:  # such as a name that is too long
        raise OutputError(f"cannot write {name!r}: {because(error)}") from None
    if not fits:
        raise OutputError(f"cannot write {name!r}: not a file in a folder that exists")
    if there and not overwrite:
        raise OutputError(f"{name!r} exists; give --overwrite to replace it")
    return path


def _audit(args: argparse.Namespace) -> int:
    report, pipe = _asked(args)
    return _say(report.audit(pipe=pipe), args.form)


def _list(args: argparse.Namespace) -> int:
    from webfilter.listing import described, overview

    _write((overview() if args.name is None else described(args.name)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
