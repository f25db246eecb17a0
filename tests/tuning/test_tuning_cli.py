import json

import pytest

import webfilter.tuning
from webfilter.cli import main
from webfilter.read import Source
from webfilter.recipes import load

SENTENCE = "The sun is a star and the earth goes around it once in each of its years. "


@pytest.fixture
def job(tmp_path):
    """A good and a bad corpus as JSONL."""
    for name, text in (("good", SENTENCE * 6), ("bad", "Buy # now ...\n" * 30)):
        lines = [{"id": f"{name}{n}", "text": f"{text}{n}."} for n in range(250)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def tune(job, *more, good="good.jsonl", bad="bad.jsonl", out="recipe.toml"):
    return main(["tune", str(job / good), str(job / bad), "--out", str(job / out), *more])


def test_tune_writes_a_recipe_and_a_page_and_says_what_it_found(job, capsys):
    assert tune(job, "--html", str(job / "page.html"), "--max-loss", "0.02") == 0
    said = capsys.readouterr().out
    assert "tuned on 250 good documents and 250 bad documents" in said
    assert said.endswith("recipe.toml\n" + str(job / "page.html") + "\n")
    pipe = load(job / "recipe.toml")
    assert len(pipe) >= 1
    assert pipe([SENTENCE * 6])[0].live
    assert not pipe(["Buy # now ...\n" * 30])[0].live
    assert (job / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_another_recipe_languages_and_skipped_signals(job, capsys):
    (job / "quality.toml").write_text('[[stage]]\nuse = "gopher_quality"\n')
    more = ("--recipe", str(job / "quality.toml"), "--by", "language", "--max-loss", "0.02")
    assert tune(job, *more, "--skip", "words", "--skip", "max_bullet_line_ratio") == 0
    assert "gopher_quality" in capsys.readouterr().out
    [stage] = [step for step in load(job / "recipe.toml").steps if step.name == "gopher_quality"]
    assert (stage.min_words, stage.max_bullet_line_ratio) == (50, 0.9)
    assert stage.max_ellipsis_line_ratio != 0.3


def test_bad_input_is_one_clear_error_with_exit_code_2(job, capsys):
    (job / "few.jsonl").write_text(json.dumps({"text": "One."}) + "\n")
    (job / "there.toml").write_text("keep me")
    cases = [
        ({"good": "nothing.jsonl"}, (), "nothing.jsonl"),
        ({"bad": "few.jsonl"}, (), "the bad corpus has 1 usable documents"),
        ({}, ("--recipe", "none.toml"), "no such file"),
        ({}, ("--max-loss", "2"), "max_loss = 2.0"),
        ({}, ("--skip", "wrods"), "did you mean 'words'"),
        ({}, ("--given",), "no document has a signal"),
        ({}, ("--seed", "-3"), "seed = -3"),
        ({"out": "there.toml"}, (), "--overwrite"),
        ({"out": "none/recipe.toml"}, (), "a folder that exists"),
        ({"out": "page.html"}, (), "that is for the recipe"),
        ({}, ("--html", str(job / "page.txt")), "ends in .html"),
    ]
    for given, more, said in cases:
        assert tune(job, *more, **given) == 2, (given, more)
        captured = capsys.readouterr()
        assert captured.err.startswith("webfilter: error: ")
        assert len(captured.err.splitlines()) == 1
        assert said in captured.err
        assert captured.out == ""
        assert not (job / "recipe.toml").exists()
    assert (job / "there.toml").read_text() == "keep me"
    assert tune(job, "--overwrite", out="there.toml") == 0


OTHER = ("--max-loss", "0.5")


@pytest.mark.parametrize(
    ("command", "does", "plain", "more", "other"),
    [
        (
            "tune",
            "tune",
            {"max_loss": 0.01, "by": None, "skip": [], "given": False, "seed": 0},
            (*OTHER, "--by", "language", "--skip", "words", "--given", "--seed", "3"),
            {"max_loss": 0.5, "by": "language", "skip": ["words"], "given": True, "seed": 3},
        ),
        (
            "cascade",
            "fit_cascade",
            {"max_loss": 0.01, "confidence": 0.95},
            (*OTHER, "--confidence", "0.9"),
            {"max_loss": 0.5, "confidence": 0.9},
        ),
        ("order", "fit_order", {"documents": 1_000}, ("--documents", "7"), {"documents": 7}),
    ],
)
def test_options_reach_what_is_asked(job, monkeypatch, command, does, plain, more, other):
    asked = []

    class Found:
        def save(self, path):
            path.touch()

    monkeypatch.setattr(
        webfilter.tuning, does, lambda *_, **settings: asked.append(settings) or Found()
    )
    good, bad = str(job / "good.jsonl"), str(job / "bad.jsonl")
    given = [good, bad] if command == "tune" else ["gopher", good, bad]
    argv = [command, *given, "--out", str(job / "recipe.toml")]
    assert main(argv) == main([*argv, *more, "--overwrite"]) == 0
    assert asked == [plain, other]
    assert main(argv) == 2


@pytest.mark.parametrize(
    ("command", "does"), [("tune", "tune"), ("cascade", "fit_cascade"), ("order", "fit_order")]
)
def test_fields_of_the_input_can_be_named(tmp_path, monkeypatch, command, does):
    seen = []

    class Found:
        def save(self, path):
            path.touch()

    def look(*given, **_):
        sources = [one for one in given if isinstance(one, Source)]
        seen.extend((doc.text, doc.id, doc.url) for source in sources for doc in source)
        return Found()

    monkeypatch.setattr(webfilter.tuning, does, look)
    row = '{"content": "Tide.", "key": 7, "link": "https://a.example/", "text": "no"}\n'
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(row, encoding="utf-8", newline="\n")
    paths = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    argv = [command, *(paths if command == "tune" else ["gopher", *paths])]
    fields = ("--text", "content", "--id", "key", "--url", "link")
    assert main([*argv, "--out", str(tmp_path / "recipe.toml"), *fields]) == 0
    assert seen == [("Tide.", "7", "https://a.example/")] * 2


def test_wrong_usage_is_exit_code_2():
    for more in ([], ["a"], ["a", "b"], ["a", "b", "--out", "c", "--by", "host"]):
        with pytest.raises(SystemExit) as stop:
            main(["tune", *more])
        assert stop.value.code == 2
    for command in ("cascade", "order", "fineweb2"):
        with pytest.raises(SystemExit) as stop:
            main([command, "a", "b"])
        assert stop.value.code == 2
