"""What ``webfilter list`` says of stages and recipes."""

from dataclasses import dataclass, fields
from importlib.metadata import EntryPoint

import pytest

from webfilter import catalog
from webfilter.cli import main
from webfilter.errors import UnknownName
from webfilter.listing import described, field_notes, overview
from webfilter.recipes import about, available, load
from webfilter.stage import Filter


@dataclass(frozen=True)
class Bounded(Filter):
    """A base."""

    max_length: int | None = 3
    """Most characters."""


@dataclass(frozen=True)
class Shorter(Bounded):
    """Drops what is long."""

    max_length: int | None = 2
    marks: tuple[str, ...] = ()
    """More on

    two lines.
    """

    def measure(self, doc):
        return {}


class Same(Shorter):
    max_length = 1


def test_every_field_of_every_stage_of_ours_is_explained():
    bare = {
        f"{name}.{f.name}"
        for name in catalog.STAGES
        for f in fields(catalog.stage_class(name))
        if f.init and not field_notes(catalog.stage_class(name)).get(f.name)
    }
    assert not bare


def test_what_a_base_says_of_a_field_holds_and_a_stage_without_source_says_nothing():
    notes = field_notes(Shorter)
    assert notes == {"max_length": "Most characters.", "marks": "More on\n\ntwo lines."}
    scope = {"__name__": "__main__", "Bounded": Bounded}
    exec("class Typed(Bounded):\n    kind: int = 0\n    'Of a shell.'", scope)
    assert field_notes(scope["Typed"]) == {"max_length": "Most characters."}


def test_a_stage_is_told_with_its_fields_as_a_recipe_has_them():
    said = described("language")
    assert '  languages = ["en"]  (a list of str or None)\n      Languages to keep; None' in said
    assert "  top = false  (int or None)" in said
    assert "  language_score: That the code is right (probability, 0 to 1)" in said
    assert "  stages, to be given  (" in described("by_language")
    assert "profiles: webfilter-2026-11, " in described("gopher_quality")


@pytest.mark.parametrize("name", sorted(catalog.STAGES))
def test_every_stage_can_be_told(name):
    assert described(name).startswith(f"{name}: wf.{catalog.stage_class(name).__name__}\n")


def test_a_recipe_is_told_as_one_that_can_be_changed_and_run():
    assert load(described("gopher").partition("\n")[2].replace("\n  ", "\n")) == load("gopher")
    both = described("educational")
    assert both.startswith("educational: wf.Educational\n")
    assert "recipe educational\n" in both


def test_a_plugin_is_told_as_ours_and_a_broken_one_does_not_end_the_list(monkeypatch):
    points = {
        "shorter": "test_listing:Shorter",
        "same": "test_listing:Same",
        "broken": "no_such_module:X",
    }
    found = [EntryPoint(name, value, "webfilter.stages") for name, value in points.items()]
    monkeypatch.setattr(catalog, "entry_points", lambda group: found)
    assert described("shorter").startswith("shorter: test_listing.Shorter\n\n  Drops what is long.")
    lines = overview().splitlines()
    assert "  shorter            Drops what is long." in lines
    assert "  same               Drops what is long." in lines
    [line] = [line for line in lines if line.startswith("  broken ")]
    assert "cannot be used: stage 'broken': its plug-in no_such_module:X is broken" in line
    assert [line.split()[0] for line in lines[-len(available()) :]] == available()
    assert f"  fineweb            {about('fineweb')}" in lines


def test_the_command_takes_a_name_and_knows_a_near_one(capsys):
    assert main(["list", "sample"]) == 0
    assert "  rate = 0.01  (float)\n      Share to keep, 0 to 1.\n" in capsys.readouterr().out
    assert main(["list", "min_hash"]) == 2
    assert "unknown stage or recipe 'min_hash': did you mean 'minhash'?" in capsys.readouterr().err
    with pytest.raises(UnknownName):
        described("")
