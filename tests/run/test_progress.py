"""What a run says of itself while it works."""

import io
import json
import logging
import re
import sys

import pytest

import webfilter as wf
from webfilter.cli import main
from webfilter.run import progress

PROSE = "The cell is the unit of life. It takes in food, and it has to give off waste. "
PIPE = wf.Length(min_words=2) | wf.ExactDedup()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in.jsonl"
    lines = [json.dumps({"id": str(n), "text": PROSE * n}) for n in range(1, 5)]
    path.write_text("\n".join(lines) + "\n", newline="\n")
    return path


def test_a_long_run_tells_the_log_how_far_it_is(file, caplog, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    caplog.set_level(logging.INFO, "webfilter")
    PIPE.run(str(file), progress=False)
    said = caplog.messages
    assert re.fullmatch(r"run reads Source\(.*in\.jsonl, 876 bytes\), fingerprint \w{16}", said[0])
    assert [line.partition(" documents read, ")[0] for line in said[1:5]] == ["1", "2", "3", "4"]
    assert re.search(r"read, \S+ % of 876 B, .* documents/s; .* more at this rate$", said[1])
    assert said[5:] == ["exact_dedup compares 4 documents", "exact_dedup has compared them"]


def test_what_has_no_size_is_counted(caplog, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    caplog.set_level(logging.INFO, "webfilter")
    wf.Pipeline((wf.Length(min_words=2),)).run([PROSE, PROSE * 2], progress=False)
    assert re.fullmatch(r"2 documents read, [\d.,]+ documents/s", caplog.messages[-1])


def test_a_short_run_says_no_more_than_what_it_does(file, caplog):
    caplog.set_level(logging.INFO, "webfilter")
    PIPE.run(str(file), progress=False)
    assert len(caplog.messages) == 3


@pytest.mark.parametrize("terminal", [False, True])
def test_the_command_line_writes_the_log_where_no_bar_can_be_seen(file, monkeypatch, terminal):
    recipe = file.with_name("recipe.toml")
    recipe.write_text('[[stage]]\nuse = "exact_dedup"\n')
    logger = logging.getLogger("webfilter")
    before = (logger.level, list(logger.handlers))
    for out in ("one", "two"):
        stderr = io.StringIO()
        stderr.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", stderr)
        assert main(["run", str(recipe), str(file), "--out", str(file.parent / out)]) == 0
        lines = re.findall(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\w+)", stderr.getvalue())
        assert lines == ([] if terminal else ["run", "exact_dedup", "exact_dedup"])
    assert (logger.level, logger.handlers) == before
