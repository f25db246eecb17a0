"""The contract, checked over every stage there is."""

import tempfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from toys import Length, Upper, is_short

import webfilter as wf
from webfilter import Rule, catalog
from webfilter.errors import ConfigError, UnknownName
from webfilter.stage import Step
from webfilter.testing import check_stage


def contamination():
    """A file that stays for the session: worker processes read it, too."""
    file = Path(tempfile.mkdtemp(prefix="webfilter-test-"), "riddle.txt")
    file.write_text("A farmer has 17 sheep and sells all but 9 of them. How many are left?\n")
    return wf.Contamination([file])


def seen_in():
    """An index of one document."""
    index = wf.MinHashIndex.create(tempfile.mkdtemp(prefix="webfilter-test-"), wf.MinHash())
    index.add([wf.Document("old", "The sun is a star, and it gives light to all of us here.")])
    return wf.SeenIn(index.folder)


def fasttext_quality():
    """A model of a few words."""
    import fasttext

    folder = Path(tempfile.mkdtemp(prefix="webfilter-test-"))
    texts = folder / "train.txt"
    texts.write_text("__label__hq water boils because\n__label__cc add to cart\n" * 40)
    model = fasttext.train_supervised(
        str(texts), dim=4, bucket=100, epoch=5, thread=1, minCount=1, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    return wf.FastTextQuality(str(folder / "model.bin"))


class Longest:
    """An estimator: the length of the text, up to 1."""

    def predict(self, texts):
        return [min(len(text) / 100, 1.0) for text in texts]


CONFIGURED = {
    "fasttext_quality": fasttext_quality,
    "estimator": lambda: wf.Estimator(Longest(), low=0, high=1),
    "ensemble": lambda: wf.Ensemble(("a", "b")),
    "rank_ensemble": lambda: wf.RankEnsemble(("a", "b")),
    "token_budget": lambda: wf.TokenBudget(5),
    "tiers": lambda: wf.Tiers({"a": {"educational": 0.5}, "b": {"educational": 1.0}}),
    "seen_in": seen_in,
    "contamination": contamination,
    "where": lambda: wf.Where(is_short, reason="too long"),
    "judge": lambda: wf.Judge((Rule("length", ge=2),)),
    "by_language": lambda: wf.ByLanguage({"en": Length(5)}, default=Length(2)),
    "sandboxed": lambda: wf.Sandboxed(Length(5), seconds=20.0),
}
"""Stages that have no sensible default configuration."""

NAMES = [name for name in catalog.names() if name != "transformers_model"]
"""All but the one that needs an extra; its own tests check its contract."""


def default(name):
    return CONFIGURED.get(name, catalog.stage_class(name))()


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_keeps_the_contract(name):
    step = default(name)
    assert step.name == name
    check_stage(step)


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_says_what_it_is(name):
    assert issubclass(catalog.stage_class(name), Step)
    assert len(catalog.summary(name)) > 20
    for signal in default(name).measures:
        assert signal.about
        assert signal.kind in ("str", "bool") or signal.unit or signal.low is not None


def test_no_two_stages_mean_different_things_by_one_signal():
    seen = {}
    for name in NAMES:
        for signal in default(name).measures:
            kind, unit = seen.setdefault(signal.name, (signal.kind, signal.unit))
            assert (kind, unit) == (signal.kind, signal.unit), (name, signal.name)


def plugin(monkeypatch, **points):
    found = [EntryPoint(name, value, "webfilter.stages") for name, value in points.items()]
    monkeypatch.setattr(catalog, "entry_points", lambda group: found)


def test_a_plugin_joins_by_its_entry_point(monkeypatch):
    plugin(monkeypatch, upper="toys:Upper")
    assert catalog.names()[-1] == "upper"
    assert catalog.stage_class("upper") is Upper
    pipe = wf.Pipeline.from_toml('[[stage]]\nuse = "upper"\ncut = 7\n')
    assert pipe == wf.Pipeline((Upper(7),))
    assert pipe.to_toml() == '[[stage]]\nuse = "upper"\ncut = 7\n'


def test_a_plugin_may_be_offered_by_another_name_than_its_verdicts_bear(monkeypatch):
    plugin(monkeypatch, broken="no_such_module:X", minhash="toys:Upper", acme_upper="toys:Upper")
    pipe = wf.Pipeline((Upper(7), wf.Sandboxed(Upper(2))))
    assert pipe.names == ("upper", "sandboxed")
    assert pipe.to_toml().startswith('[[stage]]\nuse = "acme_upper"\ncut = 7\n')
    assert wf.Pipeline.from_toml(pipe.to_toml()) == pipe
    with pytest.raises(ConfigError, match="length: Length is not in the catalogue"):
        wf.Pipeline((Length(5),)).to_toml()


class Bare(wf.Stage):
    def process(self, batch):
        return batch


def test_a_plugin_that_is_no_dataclass_is_refused(monkeypatch):
    plugin(monkeypatch, bare="test_catalog:Bare")
    with pytest.raises(ConfigError, match=r"'bare': .*Bare'> is no dataclass; write @dataclass"):
        catalog.stage_class("bare")


def test_a_broken_plugin_is_named_and_cannot_replace_ours(monkeypatch):
    plugin(monkeypatch, broken="no_such_module:X", minhash="toys:Length", odd="toys:json")
    assert catalog.stage_class("minhash").__name__ == "MinHash"
    with pytest.raises(ConfigError, match="no_such_module:X is broken"):
        catalog.stage_class("broken")
    with pytest.raises(ConfigError, match="is not a webfilter stage class"):
        catalog.stage_class("odd")


def test_a_plugin_that_ends_the_process_when_imported_is_named(monkeypatch, tmp_path):
    (tmp_path / "ending.py").write_text("import sys; sys.exit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    plugin(monkeypatch, ending="ending:Stage")
    with pytest.raises(ConfigError, match="its plug-in ending:Stage is broken: 3"):
        catalog.stage_class("ending")


def test_a_name_that_two_plugins_claim_is_refused(monkeypatch):
    points = [("upper", "toys:Upper"), ("upper", "toys:Length"), ("length_", "toys:Length")]
    found = [EntryPoint(*point, "webfilter.stages") for point in [*points, points[-1]]]
    monkeypatch.setattr(catalog, "entry_points", lambda group: found)
    said = "the plug-ins toys:Length and toys:Upper both claim this name: uninstall one"
    with pytest.raises(ConfigError, match=f"stage 'upper': {said}"):
        catalog.stage_class("upper")
    assert catalog.stage_class("length_") is Length  # one package, found twice
    assert catalog.names()[-2:] == ["length_", "upper"]


def test_an_unknown_stage_has_a_near_match():
    with pytest.raises(UnknownName, match="did you mean 'minhash'"):
        catalog.stage_class("min_hash")
