"""A report whose fields do not fit is refused when it is loaded, with the name of the field."""

from __future__ import annotations

import copy
import json

import pytest

import webfilter as wf
from webfilter.errors import SourceError
from webfilter.report import Report

VALUES = [None, [], {}, "x", -1, float("inf"), True, float("nan"), [[]], ["x"], 1.5]


def saved(folder):
    """Run what has a report with every field: failures, limits, tiers, clusters, inputs."""
    rows = [{"id": str(n), "text": f"Water {n % 9} boils. " * (n % 11), "url": "https://a.b/"}
            for n in range(40)]  # fmt: skip
    source = folder / "rows.jsonl"
    source.write_text("\n".join([*map(json.dumps, rows), "{"]), "utf-8")
    tiers = wf.Tiers({"first": {"words": 5}, "second": {"words": 20}})
    pipe = wf.Length(min_words=3) | wf.ExactDedup() | tiers
    pipe.run(wf.read(source), folder / "run", workers=1)
    return folder / "run" / "report.json"


def places(value, at=()):
    yield at
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*at, name))
    elif isinstance(value, list):
        for place in range(min(len(value), 2)):
            yield from places(value[place], (*at, place))


def changed(said, at, new):
    """Return `said` with another value at a place; without the place where there is none."""
    said = copy.deepcopy(said)
    if not at:
        return new[0]
    inner = said
    for step in at[:-1]:
        inner = inner[step]
    if new:
        inner[at[-1]] = new[0]
    else:
        del inner[at[-1]]
    return said


def test_any_field_of_a_wrong_type_is_refused_or_is_harmless(tmp_path):
    path = saved(tmp_path)
    said = json.loads(path.read_bytes())
    assert {"tiers", "clusters", "stages"} <= said.keys()
    Report.load(path)
    asked = [(at, [value]) for at in places(said) for value in VALUES]
    asked += [(at, []) for at in places(said) if at]
    refused = 0
    for at, new in asked:
        try:
            report = Report.from_dict(changed(said, at, new))
        except SourceError:
            refused += 1
            continue
        assert str(report)
        assert report._repr_html_()
        json.dumps(report.to_dict(), allow_nan=False)
    assert refused > len(asked) / 2


@pytest.mark.parametrize(
    ("at", "new", "words"),
    [
        (("stages", 0, "in"), ["x"], "stages[0].in is 'x', not a count"),
        (("stages", 1, "dropped"), [[]], "stages[1].dropped is list, not an object"),
        (("seconds",), [float("nan")], "seconds is nan, not a number of seconds"),
        (("outputs", "kept"), [7], "outputs.kept is 7, not a text"),
        (("peak_memory", "parent"), [-1], "peak_memory.parent is -1, not a count or null"),
        (("recipe",), [], "recipe is missing"),
        (("version",), [2], "version 2; this webfilter reads 1: install another"),
        (("version",), ["1"], "version '1'; this webfilter reads 1"),
        ((), [[]], "no report of webfilter: give the report.json"),
    ],
)
def test_the_error_names_file_field_and_fix(tmp_path, at, new, words):
    path = saved(tmp_path)
    path.write_text(json.dumps(changed(json.loads(path.read_bytes()), at, new)), "utf-8")
    with pytest.raises(SourceError) as caught:
        Report.load(path)
    assert words in str(caught.value)
    assert repr(str(path)) in str(caught.value)


def test_a_cut_report_is_refused(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SourceError, match="restore the file, or run again"):
        Report.load(path)
