from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from traits import Traits

import webfilter as wf
from webfilter.catalog import names, stage_class
from webfilter.errors import ConfigError, UnknownName
from webfilter.pipeline import Pipeline
from webfilter.stage import Filter, Rule, Signal
from webfilter.tuning.knobs import knobs, turned


def found(*steps, skip=()):
    return {k.name: (k.signal, k.op, k.current) for k in knobs(Pipeline(steps), skip)}


def test_the_limits_of_the_heuristics_are_found():
    limits = found(wf.GopherQuality())
    assert len(limits) == 12
    assert limits["gopher_quality.min_words"] == ("words", "ge", 50)
    assert limits["gopher_quality.max_words"] == ("words", "le", 100_000)
    assert limits["gopher_quality.max_mean_word_length"] == ("mean_word_length", "le", 10.0)
    assert len(found(wf.GopherRepetition())) == 14


VERSIONS = ("datatrove-2024-04", "datatrove-2024-12")


def test_comparisons_are_those_of_the_version():
    old, new = (found(wf.FineWebQuality(version=v)) for v in VERSIONS)
    name = "fineweb_quality.max_short_line_ratio"
    assert old[name] == ("fineweb_short_line_ratio", "lt", 0.67)
    assert new[name] == ("fineweb_short_line_ratio", "le", 0.67)


def test_fields_that_set_no_rule_are_left_alone():
    assert list(found(wf.C4Quality())) == ["c4_quality.min_sentences"]
    assert list(found(wf.Language({"en"}))) == ["language.min_score"]
    assert found(wf.Language(None)) == {}  # its score is not judged without languages
    assert found(wf.MinHash(), wf.ExactDedup(), wf.Sample()) == {}


def test_scorers_limits_that_are_off_and_names_that_differ():
    limits = found(wf.Educational())
    assert limits["educational.min_score"] == ("educational", "ge", 2.5)
    assert limits["educational.min_lasting"] == ("lasting", "ge", None)


def test_the_second_of_two_equal_stages_has_its_own_name():
    limits = found(Traits(), Traits(min_count=3))
    assert limits["traits.min_count"][2] is None
    assert limits["traits_2.min_count"][2] == 3


@dataclass(frozen=True)
class Odd(Filter):
    """Fields that look like limits and are not, and limits that cannot be None."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("n", "int", "", "", 0, 10),
        Signal("flag", "bool", ""),
        Signal("m", "float", ""),
    )
    min_n: int = 2
    max_n: int = 9
    min_both: float | None = None
    max_percent: float | None = None
    max_flag: int | None = 0
    min_list: tuple[int, ...] = ()
    max_switch: bool = True

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.min_n <= 10:
            raise ConfigError("odd: min_n is not in 0 to 10")

    @property
    def rules(self):
        rules = [Rule("n", ge=self.min_n, le=self.max_n)]
        if self.min_both is not None:
            rules += [Rule("m", ge=self.min_both), Rule("n", ge=self.min_both)]
        if self.max_percent is not None:
            rules.append(Rule("m", le=self.max_percent / 100))
        if self.max_flag is not None:
            rules.append(Rule("flag", le=self.max_flag))
        return tuple(rules)

    def measure(self, doc):
        return {"n": 5, "flag": False, "m": 0.5}


def test_only_a_field_that_is_the_bound_of_one_numeric_rule_is_a_limit():
    pipe = Pipeline((Odd(),))
    assert [(k.field, k.off) for k in knobs(pipe)] == [("min_n", 0), ("max_n", 2**53)]


def test_skip_takes_signals_stages_fields_and_both():
    assert "gopher_quality.min_words" not in found(wf.GopherQuality(), skip=["words"])
    assert "gopher_quality.max_words" not in found(wf.GopherQuality(), skip=["words"])
    assert "traits.max_height" in found(Traits(), skip=["min_height"])
    assert "traits.min_height" not in found(Traits(), skip=["traits.min_height"])
    assert found(wf.C4Quality(), Traits(), skip=["traits"]).keys() == {"c4_quality.min_sentences"}
    with pytest.raises(UnknownName, match="did you mean 'words'"):
        found(wf.GopherQuality(), skip=["word"])


def test_turned_sets_limits_and_keeps_whole_numbers_whole():
    pipe = Pipeline((wf.GopherQuality(), Traits()))
    knob = knobs(pipe)[0]
    quality, traits = turned(pipe.steps, {knob: 12.0})
    assert (quality.min_words, type(quality.min_words)) == (12, int)
    assert traits is pipe.steps[1]


UNCONFIGURED = (
    "sandboxed", "by_language", "contamination", "where", "seen_in", "fasttext_quality",
    "estimator", "transformers_model", "ensemble", "rank_ensemble", "top_share", "token_budget",
    "tiers",
)  # fmt: skip


@pytest.mark.parametrize("name", [n for n in names() if n not in UNCONFIGURED])
def test_a_limit_removes_what_its_stage_would(name):
    """Of every stage in the catalogue: our comparison is that of its rule, off removes nothing."""
    cls = stage_class(name)
    step = cls((Rule("words", ge=3),), given=True) if name == "judge" else cls()
    values = np.array([-3.0, 0.0, 0.1, 0.25, 0.3, 1.0, 2.0, 3.0, 1e9, np.nan])
    for knob in knobs(Pipeline((step,))):
        for at in (0.0, 0.25, 2.0, 3.0):
            rule = Rule(knob.signal, **{knob.op: at})
            known = [None if np.isnan(v) else v for v in values.tolist()]
            truth = [rule.violated(v) is not None for v in known]
            assert knob.removes(values, at).tolist() == truth, knob
        assert not knob.removes(values, knob.off).any()
