"""TransformersModel, against a stub of transformers and torch; against them where installed."""

from __future__ import annotations

import importlib.util
import json
import math
import pickle
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tiny_tokenizer import tiny_tokenizer

from webfilter.document import Document
from webfilter.errors import ConfigError, MissingExtra, RunError, UnknownName
from webfilter.score import transformers_model
from webfilter.score.transformers_model import TransformersModel
from webfilter.testing import check_stage

VOCABULARY = ("the", "force", "of", "water", "is", "energy", "buy", "now", ".")
LABELS = {"0": "bad", "1": "fair", "2": "good"}


def folder_of(path: Path, **config: Any) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps({"model_type": "bert", **config}))
    (path / "model.safetensors").write_bytes(b"\0" * 16)
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A regression."""
    return folder_of(tmp_path / "one", id2label={"0": "LABEL_0"})


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A classification."""
    return folder_of(tmp_path / "three", id2label=LABELS)


class Tensor:
    def __init__(self, rows: list[list[float]]) -> None:
        self.rows = rows

    def float(self) -> Tensor:
        return self

    cpu = float

    def tolist(self) -> list[list[float]]:
        return self.rows


class Inputs(dict[str, Any]):
    def to(self, device: str) -> Inputs:
        self["device"] = device
        return self


class Stub:
    """Both modules, and what was asked of them. The logits are counts of words."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, dict[str, Any]]] = []
        self.batches: list[list[str]] = []
        self.missing: list[str] = []
        self.raises: Exception | None = None
        self.pads = True
        self.torch = ModuleType("torch")
        self.torch.float32 = "f32"  # type: ignore[attr-defined]
        self.torch.inference_mode = nullcontext  # type: ignore[attr-defined]
        self.torch.OutOfMemoryError = type("OutOfMemoryError", (RuntimeError,), {})  # type: ignore[attr-defined]
        self.transformers = ModuleType("transformers")
        found: Any = self.transformers
        found.AutoTokenizer = SimpleNamespace(from_pretrained=self._tokenizer)
        found.AutoModelForSequenceClassification = SimpleNamespace(from_pretrained=self._model)

    def _tokenizer(self, path: str, **settings: Any) -> Any:
        self.loaded.append((path, settings))
        stub = self

        def tokenize(texts: list[str], **kw: Any) -> Inputs:
            assert kw["truncation"] is True
            if kw["padding"] and not stub.pads:
                raise ValueError("no padding token")
            assert all(text.encode() is not None for text in texts)  # no surrogates
            self.batches.append(texts)
            return Inputs(ids=[text.split()[: kw["max_length"]] for text in texts])

        class Callable:
            model_max_length = 10**30
            num_special_tokens_to_add = staticmethod(lambda: 2)
            __call__ = staticmethod(tokenize)

        return Callable()

    def _model(self, path: str, **settings: Any) -> Any:
        self.loaded.append((path, settings))
        outputs = len(json.loads(Path(path, "config.json").read_text()).get("id2label", "ab"))
        stub = self

        class Model:
            config = SimpleNamespace(max_position_embeddings=100)

            def named_parameters(self) -> list[tuple[str, None]]:
                return [("classifier.weight", None)]

            def to(self, device: str, dtype: str) -> Model:
                assert dtype == "f32"
                return self

            def eval(self) -> Model:
                return self

            def __call__(self, ids: list[list[str]], device: str) -> Any:
                if stub.raises is not None:
                    raise stub.raises
                marks = ("bad", "fair", "good")[-outputs:] if outputs > 1 else ("good",)
                rows = [[float(words.count(mark)) - 0.25 for mark in marks] for words in ids]
                return SimpleNamespace(logits=Tensor(rows))

        return Model(), {"missing_keys": set(self.missing)}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    found = Stub()
    monkeypatch.setitem(sys.modules, "torch", found.torch)
    monkeypatch.setitem(sys.modules, "transformers", found.transformers)
    transformers_model._load.cache_clear()
    monkeypatch.setattr(transformers_model, "version", lambda name: "stub")
    return found


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    transformers_model._load.cache_clear()


def score(stage: TransformersModel, text: str) -> Any:
    return stage.measure(Document("a", text))[stage.signal]


def test_keeps_the_contract(stub: Stub, one: Path, three: Path) -> None:
    check_stage(TransformersModel.profile("fineweb-edu", path=one))
    check_stage(TransformersModel(one, window=200, windows=3, min_score=0))
    check_stage(
        TransformersModel(three, output="probability", label="good", min_score=0.5, batch=7)
    )


def test_a_regression_gives_its_output_clipped(stub: Stub, one: Path) -> None:
    stage = TransformersModel.profile("fineweb-edu", path=one)
    assert [score(stage, "good " * n) for n in (1, 3, 9)] == [0.75, 2.75, 5.0]
    assert score(stage, "word") == 0.0
    assert score(stage, "  ") == 0.0
    docs = stage([Document("a", "good good"), Document("b", "good good good")])
    assert [doc.live for doc in docs] == [False, True]
    assert score(TransformersModel(one), " ") == -0.25  # no least score: the model is asked


def test_a_classification_gives_a_probability_or_a_mean(stub: Stub, three: Path) -> None:
    powers = [math.exp(v) for v in (0, 1, 2)]  # of bad, fair, good
    text = "fair good good"
    one = TransformersModel(three, output="probability", label="good")
    assert score(one, text) == pytest.approx(powers[2] / sum(powers), abs=5e-4)
    mean = TransformersModel(three, output="expected")
    assert score(mean, text) == pytest.approx((powers[1] + 2 * powers[2]) / sum(powers), abs=5e-4)
    assert (mean.measures[0].low, mean.measures[0].high) == (0.0, 2.0)


def test_a_multi_label_model_has_a_probability_for_each(stub: Stub, tmp_path: Path) -> None:
    path = folder_of(tmp_path / "multi", id2label=LABELS, problem_type="multi_label_classification")
    stage = TransformersModel(path, output="probability", label="fair")
    assert score(stage, "fair good good") == pytest.approx(1 / (1 + math.exp(-0.75)), abs=5e-4)


def test_a_text_is_cut_after_so_many_tokens_or_scored_in_windows(stub: Stub, one: Path) -> None:
    text = "word " * 50 + "good " * 50
    assert score(TransformersModel(one, length=60), text) == 9.75
    assert score(TransformersModel(one), text + "good " * 50) == 49.75  # the model takes 100
    assert score(TransformersModel(one, window=250), text) == pytest.approx(24.75, abs=0.1)
    stub.batches.clear()
    score(TransformersModel(one, length=10), "x" * 1_000_000)
    assert len(stub.batches[-1][0]) == 320


def test_batches_are_sorted_by_length_and_answers_put_back(stub: Stub, one: Path) -> None:
    texts = ["good " * n for n in (5, 1, 4, 2, 3)]
    docs = [Document(str(i), text) for i, text in enumerate(texts)]
    stage = TransformersModel(one, batch=2)
    stub.batches.clear()
    assert [row[stage.signal] for row in stage.measure_batch(docs)] == [
        4.75,
        0.75,
        3.75,
        1.75,
        2.75,
    ]
    assert [[len(t) // 5 for t in batch] for batch in stub.batches] == [[1, 2], [3, 4], [5]]


def test_nothing_is_fetched_unpickled_or_run(stub: Stub, one: Path) -> None:
    TransformersModel(one)
    assert [path for path, _ in stub.loaded] == [str(one)] * 2
    for _, settings in stub.loaded:
        assert settings["local_files_only"] is True
        assert settings["trust_remote_code"] is False
    assert stub.loaded[1][1]["use_safetensors"] is True


def test_a_folder_that_would_not_do_is_refused_with_the_fix(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder: models are read from this machine only"):
        TransformersModel(Path("HuggingFaceFW/fineweb-edu-classifier"))
    path = folder_of(tmp_path / "bad", id2label={"0": "LABEL_0"})
    (path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    (path / "model.safetensors").rename(path / "model.other")
    with pytest.raises(ConfigError, match="pickled weights are not read"):
        TransformersModel(path)
    (path / "model.other").rename(path / "model.safetensors")
    (path / "adapter_config.json").write_text("{}")
    with pytest.raises(ConfigError, match="adapter of another model"):
        TransformersModel(path)
    for content, match in (
        ("{", "cannot be read"),
        ("[]", "not an object"),
        ('{"auto_map": {}}', "which never runs"),
        ('{"id2label": {"x": "y"}}', "make no sense"),
        ('{"id2label": ["y"]}', "make no sense"),
        ('{"num_labels": 0}', "make no sense"),
    ):
        (path / "adapter_config.json").unlink(missing_ok=True)
        (path / "config.json").write_text(content)
        with pytest.raises(ConfigError, match=match):
            TransformersModel(path)
    assert stub.loaded == []


def test_a_configuration_nested_too_deeply_is_refused(stub: Stub, one: Path) -> None:
    (one / "config.json").write_text("[" * 200_000)
    with pytest.raises(ConfigError, match="cannot be read"):
        TransformersModel(one)


def test_a_model_that_was_saved_anew_is_loaded_anew(stub: Stub, one: Path) -> None:
    stage = TransformersModel(one)
    before = stage.artifacts["one"]
    score(stage, "good")
    assert len(stub.loaded) == 2
    (one / "model.safetensors").write_bytes(b"\1" * 17)
    assert stage.artifacts["one"] != before
    score(stage, "good")
    assert len(stub.loaded) == 4  # so the checksum is that of what judged


def test_a_folder_that_goes_away_ends_the_run(stub: Stub, one: Path) -> None:
    stage = TransformersModel(one)
    one.rename(one.with_name("moved"))
    with pytest.raises(RunError, match=r"^transformers_model: its model cannot be loaded: .*one"):
        stage(["good"])


def test_without_a_token_for_padding_one_text_at_a_time_is_scored(stub: Stub, one: Path) -> None:
    stub.pads = False
    assert score(TransformersModel(one), "good") == 0.75
    with pytest.raises(ConfigError, match="with batch = 4: ValueError: no padding token"):
        TransformersModel(one, batch=4)


def test_what_the_model_cannot_score_is_said_when_the_stage_is_built(stub: Stub, one: Path) -> None:
    with pytest.raises(ConfigError, match="length = 2 leaves no room for text"):
        TransformersModel(one, length=2)
    stub.raises = RuntimeError("not on this device")
    with pytest.raises(ConfigError, match="cannot score texts with batch = 1: RuntimeError"):
        TransformersModel(one)
    stub.raises = stub.torch.OutOfMemoryError("CUDA")
    with pytest.raises(RunError, match="out of memory"):
        TransformersModel(one)


def test_a_model_without_its_head_is_refused(stub: Stub, one: Path) -> None:
    stub.missing = ["classifier.weight", "a.buffer"]
    with pytest.raises(ConfigError, match=r"no weights for classifier\.weight$"):
        TransformersModel(one)


def test_labels_and_outputs_must_go_together(stub: Stub, one: Path, three: Path) -> None:
    plain = folder_of(three.parent / "plain")  # two labels are not written down
    assert TransformersModel(plain, output="probability", label="LABEL_1").high == 1.0
    for path, settings, match in (
        (three, {}, r"has 3 outputs \(bad, fair, good\)"),
        (one, {"output": "expected"}, "has one output"),
        (three, {"output": "probability"}, "needs a label"),
        (three, {"output": "expected", "label": "good"}, "the others take none"),
        (one, {"length": 0}, "length = 0"),
        (one, {"low": 0, "high": 5, "min_score": 6}, r"min_score = 6\.0 is outside"),
        (one, {"dtype": "int8"}, "dtype = 'int8'"),
    ):
        with pytest.raises(ConfigError, match=match):
            TransformersModel(path, **settings)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean 'good'"):
        TransformersModel(three, output="probability", label="goood")


def test_out_of_memory_is_nobody_elses_fault(stub: Stub, one: Path) -> None:
    stage = TransformersModel(one)
    stub.raises = stub.torch.OutOfMemoryError("CUDA")
    with pytest.raises(RunError, match="set a smaller batch"):
        stage.measure(Document("a", "good"))
    stub.raises = ValueError("a text it cannot take")
    [found] = stage([Document("a", "good")])
    assert found.verdict is not None
    assert found.verdict.kind == "failed"


def test_it_pickles_by_path_and_tells_its_model(stub: Stub, one: Path) -> None:
    stage = TransformersModel(one, min_score=1)
    again = pickle.loads(pickle.dumps(stage))
    assert again == stage
    assert len(pickle.dumps(stage)) < 1_000
    before = stage.artifacts
    assert before["one"].startswith("sha256:")
    assert before["torch"] == "stub"
    (one / "model.safetensors").write_bytes(b"\1" * 17)
    assert stage.artifacts["one"] != before["one"]


def test_a_missing_package_speaks_when_the_stage_is_built(
    one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "transformers"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "webfilter\[transformers\]"'):
        TransformersModel(one)


@pytest.mark.slow
def test_the_real_transformers_give_the_same_as_asked_directly(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    tokenizer = tiny_tokenizer(VOCABULARY)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    stage = TransformersModel(tmp_path)
    texts = ["the force of water", "buy now .", "energy " * 100, "is \ud800 it"]
    found = [row[stage.signal] for row in stage.measure_batch([Document("a", t) for t in texts])]
    for text, value in zip(texts, found, strict=True):
        text = text.replace("\ud800", "?")
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=32)
        with torch.no_grad():
            assert value == pytest.approx(model(**inputs).logits.item(), abs=6e-4)
    assert len(set(found)) == 4
    check_stage(TransformersModel(tmp_path, low=-3, high=3, min_score=0, window=300))
    whole = transformers.BertModel(config)
    whole.save_pretrained(tmp_path)
    transformers_model._load.cache_clear()
    with pytest.raises(ConfigError, match=r"no weights for classifier\.bias"):
        TransformersModel(tmp_path)


@pytest.mark.slow
def test_places_that_begin_behind_the_padding_are_not_run_over(tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers")
    tokenizer = tiny_tokenizer(VOCABULARY)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=34, num_labels=1, pad_token_id=1,
    )  # fmt: skip
    transformers.RobertaForSequenceClassification(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    stage = TransformersModel(tmp_path)
    assert score(stage, "energy " * 100) == score(stage, "energy " * 30)
