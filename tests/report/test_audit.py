"""What the audit says: counts from stored runs, scaled, with exact intervals."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

import webfilter as wf
from webfilter import catalog, cli
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.extract import Cascade
from webfilter.report import Report
from webfilter.report.exact import Counted, at_most

HERE = {"seconds": None, "memory_mb": None}
PIPE = Cascade(
    wf.Extract(engine="plain", fallback=None, **HERE),
    wf.Extract(engine="resiliparse", fallback=None, **HERE),
    None,
    audit=0.25,
) | wf.Length(min_words=40)


def docs(count: int = 200) -> list[Document]:
    """Return pages whose menus make them long enough; every third has few words at all."""
    menu = "<nav>" + "<a href='/'>Home page</a> " * 30 + "</nav>"
    body = "<html><body>{}<article><p>The sun is a star.</p></article></body></html>"
    return [
        Document(f"{n}", html=body.format("" if n % 3 == 0 else menu).encode())
        for n in range(count)
    ]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_the_audit_of_a_stored_run(tmp_path, monkeypatch, form):
    monkeypatch.setitem(catalog.STAGES, "cascade", "webfilter.extract:Cascade")
    report = PIPE.run(docs(), tmp_path / "run", format=form, progress=False)
    found = Report.load(tmp_path / "run").audit()
    assert found == report.audit() == report.audit(pipe=PIPE)
    assert [row.reason for row in found] == ["length.words"]
    assert found.dropped + found.audited.of == 200
    assert 25 < found.audited.of < 75
    assert found.kept == report.kept == found.audited.count > 0
    share = found.audited.count / found.audited.of
    assert found.missed[0] == pytest.approx(found.dropped * share)
    assert found.missed[1] < found.missed[0] < found.missed[2]
    assert found.loss[0] == pytest.approx(found.missed[0] / (found.missed[0] + report.kept))
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["kept"] == found.audited.count
    assert "kept of the audited" in str(found)


def test_nothing_screened_and_nothing_audited():
    pipe = PIPE.steps[0] | wf.Length(min_words=None)
    found = Report.of(pipe, pipe(docs(5))).audit()
    assert (found.rows, found.dropped, found.missed[0], found.loss[0]) == ((), 0, 0.0, 0.0)


def test_without_an_audit_nothing_is_known():
    pipe = replace(PIPE.steps[0], audit=0.0) | wf.Length(min_words=40)
    found = Report.of(pipe, pipe(docs(50))).audit()
    assert found.audited == Counted(0, 0)
    assert found.missed == (0.0, 0.0, 50.0)
    assert found.loss == (0.0, 0.0, 1.0)


def test_what_was_gone_before_the_cascade_is_not_audited(tmp_path):
    pipe = wf.Sample(0.3) | PIPE
    found = [
        pipe.run(docs(), tmp_path / f"{full}", measure_all=full, progress=False).audit(pipe=pipe)
        for full in (False, True)
    ]
    came = found[0].dropped + found[0].audited.of
    assert (found[1].dropped, found[1].audited.of) == (0, came)
    assert came < 100
    assert found[1].audited.count == found[1].kept > 0


def test_a_run_without_a_cascade_has_no_audit():
    pipe = wf.Pipeline((wf.Length(min_words=1),))
    with pytest.raises(ConfigError, match="has no Cascade"):
        Report.of(pipe, pipe(["one"])).audit()


COUNTS = [(0, 0), (0, 1), (1, 1), (0, 10), (5, 10), (10, 10), (1, 300), (299, 300), (999, 5_000)]
COUNTS += [(3, 10**6), (1_001, 10**6), (10**6, 3 * 10**6), (10**6 - 1, 10**6), (10**6, 10**6)]


@pytest.mark.parametrize(("count", "of"), COUNTS)
def test_intervals_are_those_of_clopper_and_pearson(count, of):
    found = Counted(count, of)
    low = stats.beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = stats.beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-12)
    assert at_most(count, of) == pytest.approx(
        stats.beta.ppf(0.95, count + 1, of - count) if count < of else 1.0, rel=1e-6
    )


def test_two_digits_of_a_share_are_told_and_three_near_all():
    told = [str(Counted(count, 1_000)) for count in (0, 7, 990, 996, 1_000)]
    assert told == [
        "0 of 1,000 (0 %, 0 to 0.37 %)",
        "7 of 1,000 (0.7 %, 0.28 to 1.4 %)",
        "990 of 1,000 (99 %, 98 to 99.5 %)",
        "996 of 1,000 (99.6 %, 99 to 99.9 %)",
        "1,000 of 1,000 (100 %, 99.6 to 100 %)",
    ]


def test_the_bound_covers_whatever_the_share_is():
    for share in (0.003, 0.01, 0.2):
        for of in (50, 200):
            missed = sum(
                math.comb(of, k) * share**k * (1 - share) ** (of - k)
                for k in range(of + 1)
                if at_most(k, of, 0.95) < share
            )
            assert missed <= 0.05
    assert at_most(4_000_000, 10_000_000) == pytest.approx(0.4002549, abs=1e-6)


def test_the_command_line_runs_a_cascade_and_asks_for_its_audit(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(catalog.STAGES, "cascade", "webfilter.extract:Cascade")
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text("<html><body><p>The sun is a star.</p></body></html>")

    def call(*args: str) -> str:
        assert cli.main(args) == 0
        return capsys.readouterr().out

    assert "cascade" in call("run", "gopher", "page.html", "--out", "run", "--cascade")
    assert "1 drafts failed the screen" in call("audit", "run")
    assert '"dropped": 1' in call("audit", "run", "--as", "json")
    assert cli.main(["audit", "run", "--recipe", "gopher"]) == 2
    assert "not the pipeline that ran" in capsys.readouterr().err
    call("cascade", "gopher", "page.html", "--out", "fitted.toml")
    assert 'use = "cascade"' in Path("fitted.toml").read_text()
    assert cli.main(["cascade", "gopher", "page.html", "--out", "fitted.toml"]) == 2
