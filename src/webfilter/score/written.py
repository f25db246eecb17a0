"""The folder that a training run writes: model, manifest, report, card and pictures."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from webfilter.errors import OutputError, because
from webfilter.score.model_card import model_card
from webfilter.score.pictures import pictures
from webfilter.score.training import TrainingReport

__all__ = ["make_folder", "write_file", "write_training"]


def make_folder(folder: Path) -> None:
    """Make the folder before there is anything to write: to train may take hours.

    Raises:
        OutputError: it cannot be made, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only")
    except OSError as error:
        raise OutputError(f"EducationalTrainer: {folder}: {because(error)}") from None


def write_training(report: TrainingReport, folder: Path, data: bytes) -> TrainingReport:
    """Write everything to `folder` and return the report with the names of the files.

    The manifest is what `webfilter.packaged` reads, so a folder is checked when it is loaded.

    Raises:
        OutputError: the folder cannot be written.
    """
    drawn = pictures(report.heads, report.learning)
    names = ("model.npz", "manifest.json", "report.json", "card.md", *drawn)
    report = replace(report, files=names)
    entry = {
        "model": {
            "file": "model.npz",
            "bytes": len(data),
            "sha256": report.model_sha256,
            "heads": {head.name: head.top for head in report.heads},
            "trained_on": {"texts": report.texts, "sha256": report.texts_sha256},
            "seed": report.seed,
        }
    }
    said = {
        "manifest.json": json.dumps(entry, indent=2, sort_keys=True) + "\n",
        "report.json": report.to_json(),
        "card.md": model_card(report, tuple(drawn)),
        **drawn,
    }
    write_file(folder / "model.npz", data)
    for name, text in said.items():
        write_file(folder / name, text.encode("utf-8", "backslashreplace"))
    return report


def write_file(path: Path, data: bytes) -> Path:
    """Write a file and the folders above it; one that is there stays until the new one is whole.

    Raises:
        OutputError: it cannot be written.
    """
    half = path.with_name(f"{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise OutputError(f"EducationalTrainer: {path}: {because(error)}") from None
    return path
