"""The script around the annotator, against our own server."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from chatserver import Says, chat, serving

PATH = Path(__file__).parents[2] / "classifiers" / "educational" / "label.py"
TEXTS = [f"Lesson {i}: water boils because its vapor presses as hard as the air." for i in range(6)]


@pytest.fixture(scope="module")
def label():
    spec = importlib.util.spec_from_file_location("label_script", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pages(tmp_path):
    path = tmp_path / "pages.jsonl"
    rows = [{"id": f"p{i}", "text": text, "src": "ours", "edu": 4} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_labels_resume_and_agreement(label, pages, tmp_path, capsys):
    out = tmp_path / "labels.jsonl"
    with serving(lambda asked, n: chat() if "3" not in asked.excerpt else chat("no")) as server:
        told = [str(pages), str(out), "--endpoint", server.endpoint, "--model", "m",
                "--price", "1", "2", "--against", str(pages)]  # fmt: skip
        assert label.main([*told, "--estimate"]) == 0
        assert server.asked == []
        assert "6 questions, 0 answered from the cache" in capsys.readouterr().out
        assert label.main(told) == 0
        said = capsys.readouterr().out
        asked = len(server.asked)
        assert label.main(told) == 0
        assert len(server.asked) == asked + 2  # the failed one, asked and asked again
    assert "5 labeled, 1 failed" in said
    assert "- 1 failed: answer not usable: there is no JSON object in it" in said
    assert "| educational | mean | other | 5 | - | 1.000 | 1.000 | 0.000 |" in said
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["p0", "p1", "p2", "p4", "p5"]
    assert (rows[0]["edu"], rows[0]["reason"], rows[0]["src"]) == (4, 2, "ours")
    assert (tmp_path / "labels.failed.jsonl").exists()


def test_a_draw_two_readers_and_an_own_rubric(label, pages, tmp_path, capsys):
    rubric = tmp_path / "tone.toml"
    rubric.write_text(
        'name = "tone"\nversion = "1"\n[[scale]]\nname = "polite"\nlowest = 0\nhighest = 2\n',
        "utf-8",
    )

    def script(asked, n):
        return chat(f'{{"polite": {1 if asked.body["model"] == "a" else 2}}}')

    with serving(script) as server:
        told = [str(pages), str(tmp_path / "o.jsonl"), "--endpoint", server.endpoint, "--rubric",
                str(rubric), "--model", "a", "--model", "b", "--count", "4", "--unsure",
                "--per-host", "2"]  # fmt: skip
        assert label.main(told) == 0
    said = capsys.readouterr().out
    assert "4 labeled, 0 failed" in said
    assert "mean label: polite 1.50" in said
    assert "| polite | a | b | 4 |" in said


def test_errors_are_told_in_a_line(label, pages, tmp_path, capsys):
    with serving([Says(401, "who are you")]) as server:
        told = [
            str(pages),
            str(tmp_path / "o.jsonl"),
            "--endpoint",
            server.endpoint,
            "--model",
            "m",
        ]
        assert label.main(told) == 2
    assert "name the variable that holds one with key_env" in capsys.readouterr().err
    assert not (tmp_path / "o.jsonl").exists()
    with serving([Says(400, "no")]) as server:
        told[3] = server.endpoint
        assert label.main(told) == 1
