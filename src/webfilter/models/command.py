"""``webfilter models``: list what is known and there, fetch a file, verify one."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from webfilter.models.download import obtain
from webfilter.models.store import Stored, folder, resolve, stored, verify

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add ``models`` to the subcommands of a parser."""
    models = commands.add_parser("models", help="list, fetch and verify model files")
    actions = models.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser(
        "list", help="what is known, what is there, and whether its checksum is right"
    )
    listing.set_defaults(do=_list)

    fetch = actions.add_parser(
        "fetch", help="fetch a model file; it is put in place if its checksum is right"
    )
    fetch.add_argument("model", metavar="NAME|URL", help="a known model; or a URL or path")
    fetch.add_argument("--to", metavar="DIR", help="folder to put it in (the store)")
    fetch.add_argument("--sha256", metavar="HEX", help="its checksum, where none is known")
    fetch.add_argument(
        "--from", dest="url", metavar="URL", help="another URL or path that has the model NAME"
    )
    fetch.set_defaults(do=_fetch)

    check = actions.add_parser("verify", help="compare the checksum of a file")
    check.add_argument("model", metavar="NAME|PATH", help="a fetched model, or any file")
    check.add_argument("--sha256", metavar="HEX", help="what it should be, where nothing says so")
    check.set_defaults(do=_verify)


def _list(args: argparse.Namespace) -> int:
    rows = stored()
    known = [row for row in rows if row.known]
    others = [row for row in rows if not row.known]
    lines = [f"store: {folder()} (WEBFILTER_MODELS names another)", ""]
    lines.append(
        f"{'name':<12} {'labels':>6} {'size':>7}  {'license':<12} {'state':<11} what it is"
    )
    lines += map(_row, known)
    if others:
        lines += ["", "other files"]
        width = max(len(row.name) for row in others)
        for row in others:
            lines.append(f"{row.name:<{width}} {_size(row):>7}  {_said(row)}")
    lines += ["", "* no checksum is known: fetch it with --sha256 HEX"]
    _write("\n".join(lines))
    return 0


def _row(row: Stored) -> str:
    about = row.known
    assert about is not None
    star = " " if about.sha256 else "*"
    return (
        f"{about.name + star:<12} {about.labels:>6,} {_size(row):>7}  {about.license:<12} "
        f"{_said(row):<11} {about.about}"
    )


def _size(row: Stored) -> str:
    known = row.known.megabytes if row.known else 0
    megabytes = known if row.state == "absent" else row.path.stat().st_size / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 1 else f"{megabytes * 1000:.0f} kB"


def _said(row: Stored) -> str:
    return {"absent": "not fetched", "unchecked": "no checksum"}.get(row.state, row.state)


def _fetch(args: argparse.Namespace) -> int:
    path, new = obtain(args.model, to=args.to, sha256=args.sha256, url=args.url, progress=True)
    _write(f"{path}\n{'fetched' if new else 'there already'}: {_checked(path)}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    got = verify(args.model, sha256=args.sha256)
    path = resolve(args.model)
    _write(f"{path}\nverified: {path.stat().st_size:,} bytes, sha256 {got}")
    return 0


def _checked(path: Any) -> str:
    return f"{path.stat().st_size:,} bytes, sha256 {verify(path)}"


def _write(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "replace"))
