from dataclasses import dataclass

import numpy as np
import pytest
from toys import Breaks, FirstOf, Length, Quota, Upper

from webfilter import ConfigError, Document, ExactDedup, Pipeline, Rule
from webfilter.stage import Filter, Signal
from webfilter.testing import check_stage


@pytest.mark.parametrize(
    ("rule", "value", "found"),
    [
        (Rule("n", ge=50), 50, None),
        (Rule("n", ge=50), 49, ("<", 50.0)),
        (Rule("n", gt=50), 50, ("<=", 50.0)),
        (Rule("n", le=0.3), 0.3, None),
        (Rule("n", le=0.3), 0.30001, (">", 0.3)),
        (Rule("n", lt=0.3), 0.3, (">=", 0.3)),
        (Rule("n", ge=0), -1, ("<", 0.0)),
        (Rule("n", ge=1, le=5), 9, (">", 5.0)),
        (Rule("n", le=0), True, (">", 0.0)),
        (Rule("n", isin=frozenset({"en"})), "en", None),
        (Rule("n", isin=frozenset({"en"})), "de", ("not in", None)),
        (Rule("n", ge=50), None, None),
        (Rule("n", isin=frozenset({"en"})), None, None),
    ],
)
def test_rules_at_and_around_their_limits(rule, value, found):
    assert rule.violated(value) == found


def test_a_rule_without_a_bound_is_refused_but_zero_is_a_bound():
    with pytest.raises(ConfigError, match="no bound"):
        Rule("n")
    with pytest.raises(ConfigError, match="isin"):
        Rule("n", ge=1, isin=frozenset({"a"}))
    assert Rule("n", le=0).bounds() == (("le", 0.0),)


@dataclass(frozen=True)
class Either(Filter):
    """Judges what comes with the documents by any rules."""

    given = True
    judges: tuple[Rule, ...]

    @property
    def rules(self):
        return self.judges

    def measure(self, doc):
        return {}


EN, DE = (Rule("language", isin={code}) for code in ("en", "de"))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([Rule("n", ge=5, le=3)], "either: no n is >= 5 and <= 3, "),
        ([Rule("n", ge=3, lt=3)], "no n is >= 3 and < 3, "),
        ([Rule("n", gt=3, le=3)], "no n is > 3 and <= 3, "),
        ([Rule("n", gt=3, lt=3)], "no n is > 3 and < 3, "),
        ([Rule("n", ge=100_001), Rule("m", le=1), Rule("n", le=100_000.5)], "100001 and <= 1000"),
        ([Rule("n", le=3), Rule("n", gt=7)], "no n is > 7 and <= 3, "),
        ([EN, DE], r"no language is one of \['en'\] and one of \['de'\], "),
    ],
)
def test_limits_that_leave_nothing_are_refused_where_a_pipeline_is_built(rules, said):
    with pytest.raises(ConfigError, match=said):
        Pipeline((Either(tuple(rules)),))


def test_limits_that_leave_something_are_taken():
    near = Rule("n", ge=3, le=3), Rule("n", gt=2, lt=4), Rule("m", ge=9)
    both = Rule("language", isin={"en", "de"}), DE
    [kept, dropped] = Either((*near, *both))(
        [Document(code, signals={"n": 3, "m": 9, "language": code}) for code in ("de", "en")]
    )
    assert kept.verdict is None
    assert dropped.verdict is not None


@dataclass(frozen=True)
class Odd(Filter):
    """Measures a number that no table holds, and one of NumPy's."""

    measures = (Signal("x", "float", "A number", ""), Signal("n", "float", "A number", ""))

    def measure(self, doc):
        return {"x": float(doc.text), "n": np.float64(0.5)}


@pytest.mark.parametrize(
    ("text", "x"), [("inf", None), ("-inf", None), ("nan", None), ("1e308", 1e308), ("-0.0", 0.0)]
)
def test_what_a_filter_measures_becomes_plain(text, x):
    [doc] = Odd().process([Document("a", text, signals={"before": 1, "x": 2})])
    assert doc.signals == {"before": 1, "x": x, "n": 0.5}
    assert type(doc.signals["n"]) is float


def test_fields_are_converted_or_refused_by_name():
    assert Length(min_length=2).min_length == 2
    with pytest.raises(ConfigError, match=r"length: min_length = 'many' .* int or None"):
        Length(min_length="many")
    with pytest.raises(ConfigError, match="min_length = True"):
        Length(min_length=True)


@pytest.mark.parametrize(
    ("name", "kind"), [("", "int"), (7, "int"), ("n", "integer"), ("n", int), ("n", [])]
)
def test_a_signal_that_no_column_could_hold_is_refused(name, kind):
    with pytest.raises(ConfigError, match="Signal"):
        Signal(name, kind, "What it is")


def test_a_signal_says_its_unit_and_its_range_where_it_has_them():
    said = [
        Signal("n", "int", "Cuts", unit, low).meaning for unit in ("", "a") for low in (None, 0)
    ]
    assert said == ["Cuts", "Cuts (from 0)", "Cuts (a)", "Cuts (a, from 0)"]


def test_names_are_snake_case():
    assert (Length.name, FirstOf.name) == ("length", "first_of")


def test_none_switches_a_rule_off_and_zero_does_not():
    docs = [Document("1", "")]
    assert Length(None)(docs)[0].live
    assert Length(0)(docs)[0].live
    assert not Length(1)(docs)[0].live
    assert not Length(None, max_length=0)([Document("1", "a")])[0].live


@pytest.mark.parametrize("step", [Length(), Upper(cut=9, max_cut=20), FirstOf(), Quota(), Breaks()])
def test_the_toys_keep_the_contract(step):
    check_stage(step)


def test_a_verdict_carries_signal_value_and_limit():
    verdict = Length(3)([Document("1", "ab")])[0].verdict
    assert (verdict.stage, verdict.reason, verdict.signal) == ("length", "length", "length")
    assert (verdict.value, verdict.limit, verdict.op) == (2, 3.0, "<")


def test_a_stage_alone_answers_as_a_pipeline_of_one(tmp_path):
    docs = [Document("a", "one two three"), Document("b", "one"), Document("c", "one two three")]
    for stage in (Length(min_length=4), ExactDedup()):
        pipe = Pipeline((stage,))
        assert stage(docs) == pipe(docs)
        assert list(stage.kept(docs, batch_size=1)) == list(pipe.kept(docs))
        assert stage.fit(docs) == pipe.fit(docs)
        report = stage.run(docs, tmp_path / stage.name, format="jsonl")
        assert (report.total, report.kept) == (3, len(list(pipe.kept(docs))))
    explained = Length(min_length=4).explain(text="one")
    assert str(explained) == str(Pipeline((Length(min_length=4),)).explain(text="one"))
