import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import webfilter as wf
from webfilter.config import AnyPath, build, conform
from webfilter.errors import ConfigError, UnknownName, WebfilterError
from webfilter.stage import Rule


@dataclass(frozen=True)
class Options:
    words: tuple[str, ...] = ()
    codes: frozenset[str] | None = None
    share: float | None = 0.5
    count: int = 1
    mode: Literal["a", "b"] = "a"
    flag: bool = False
    path: Path | None = None
    table: Mapping[str, float] | None = None
    rules: tuple[Rule, ...] = ()
    key: str | tuple[str, ...] = "x"

    def __post_init__(self):
        conform(self, "options")


def test_what_people_write_becomes_what_the_field_holds():
    made = Options(["a"], {"en"}, 1, path="x/y", table={"a": 1}, rules=[{"signal": "n", "ge": 2}])
    assert made.words == ("a",)
    assert made.codes == frozenset({"en"})
    assert made.share == 1.0
    assert type(made.share) is float
    assert made.path == Path("x/y")
    assert made.table == {"a": 1.0}
    assert made.rules == (Rule("n", ge=2),)
    assert Options(key=["a", "b"]).key == ("a", "b")
    assert hash(Options({"b": 1}.keys() and ["b"])) == hash(Options(("b",)))


def test_paths_are_held_as_paths_however_they_were_written(tmp_path):
    @dataclass(frozen=True)
    class Places:
        one: AnyPath | None = None
        some: Sequence[AnyPath] = ()
        named: Mapping[str, AnyPath] | Sequence[AnyPath] | AnyPath = ()

        def __post_init__(self):
            conform(self, "places")

    (tmp_path / "x").touch()
    [found] = os.scandir(tmp_path)
    for given in ("x", Path("x"), found):
        held = Path(os.fspath(given))
        assert Places(given).one == held
        assert Places(some=["y", given]).some == (Path("y"), held)
        assert Places(named=given).named == held
        assert Places(named={"a": given}).named == {"a": held}
        assert type(Places(given).one) is type(held)
    [raw] = os.scandir(os.fsencode(tmp_path))
    for wrong in (5, "", b"x", raw):
        with pytest.raises(ConfigError, match=r"places: one = .*; it takes Path or None"):
            Places(wrong)
    with pytest.raises(ConfigError, match="some = 'x' does not fit; it takes a list of Path"):
        Places(some="x")


def test_numbers_of_numpy_become_plain_ones():
    for share in (np.float64(0.25), np.int32(1)):
        made = Options(share=share, count=np.int64(3))
        assert (made.share, made.count) == (share, 3)
        assert (type(made.share), type(made.count)) == (float, int)
    with pytest.raises(ConfigError, match="share"):
        Options(share=np.float64("nan"))
    with pytest.raises(ConfigError, match="count"):
        Options(count=np.float64(1))
    with pytest.raises(ConfigError, match="count"):
        Options(count=np.True_)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("words", "abc"),
        ("words", [1]),
        ("codes", "en"),
        ("share", "0.5"),
        ("share", float("nan")),
        ("share", 10**400),
        pytest.param("share", 10**5000, id="huge"),
        ("share", True),
        ("count", 1.5),
        ("count", True),
        ("count", None),
        ("mode", "c"),
        ("flag", 1),
        ("path", ""),
        ("table", {"a": "b"}),
        ("rules", [Rule]),
    ],
)
def test_what_does_not_fit_is_refused_with_field_and_value(field, value):
    with pytest.raises(ConfigError, match=f"options: {field} = "):
        Options(**{field: value})


def test_a_long_value_is_shown_in_part():
    with pytest.raises(
        ConfigError, match=r"options: count = (\[0, .*)\.\.\. does not fit"
    ) as error:
        Options(count=[0] * 10_000)
    assert len(str(error.value)) < 300


def test_false_in_a_recipe_is_none_where_the_field_takes_none_and_no_bool():
    made = build(Options, "options", {"share": False, "flag": False, "codes": False})
    assert (made.share, made.flag, made.codes) == (None, False, None)


def test_fields_that_have_no_default_are_named_where_they_are_missing():
    with pytest.raises(ConfigError, match="rule 1: no value for signal, and no default"):
        build(Rule, "rule 1", {"ge": 2})


def test_an_unknown_key_has_a_near_match():
    with pytest.raises(UnknownName, match="key of options 'shar': did you mean 'share'"):
        build(Options, "options", {"shar": 1})


@pytest.mark.skipif(os.name == "nt", reason="Windows takes other names")
@pytest.mark.parametrize(
    "path", ["\ud800", "a\0b", "x" * 300, "a/" * 5000], ids=["surrogate", "NUL", "name", "whole"]
)
@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize(
    "make",
    [
        lambda path: wf.BadWords(lists=[path]),
        lambda path: wf.Contamination([path]),
        lambda path: wf.UrlFilter(host_files=[path]),
        lambda path: wf.Language(None, engine="fasttext", model=path),
        lambda path: wf.Educational(model=path),
        lambda path: wf.Estimator(path),
        lambda path: wf.FastTextQuality(path),
        lambda path: wf.TransformersModel(path),
        lambda path: wf.SeenIn(path),
        lambda path: wf.SeenBefore(state=path).start(),
        lambda path: wf.MinHashOnline(state=path).start(),
    ],
)
def test_a_path_that_no_file_can_have_is_refused_like_one_that_none_has(make, kind, path):
    with pytest.raises(WebfilterError):
        make(kind(path))


def test_a_type_that_is_not_there_is_named():
    class Hidden:
        """Not to be seen from the module."""

    @dataclass
    class Late:
        kind: "Hidden | None" = None

        def __post_init__(self):
            conform(self, "late")

    with pytest.raises(ConfigError, match=r"Late: .*'Hidden' is not defined: import or define it"):
        Late()
