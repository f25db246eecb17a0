"""Every code block of the README runs."""

import json
import re
import shlex
import shutil
import sys
import types
from pathlib import Path

import pytest

from webfilter.cli import main

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "examples" / "data" / "sample.warc.gz"
PAGE = (
    "<html><body><article>"
    + "<p>The sun is a star. It is hot.</p>" * 30
    + "</article></body></html>"
)
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.S | re.M)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder as the README's reader has it: a crawl, a page, a recipe, the examples."""
    (tmp_path / "crawl").mkdir()
    shutil.copy(SAMPLE, tmp_path / "crawl" / "one.warc.gz")
    (tmp_path / "page.html").write_text(PAGE, "utf-8")
    [recipe] = [text for kind, text in BLOCKS if kind == "toml"]
    (tmp_path / "recipe.toml").write_text(recipe, "utf-8")
    for name, text in (
        ("gsm8k", "A farmer has 17 sheep and sells all but 9 of them. How many are left?"),
        ("good", "The sun is a star, and it gives light to all of us that live with it. "),
        ("bad", "buy cheap shoes online now "),
    ):
        rows = [json.dumps({"text": text * (1 + n % 20)}) for n in range(120)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), "utf-8")
    limits = {"dup_line_frac": 0.263, "line_punct_thr": 0.0, "new_line_ratio": 0.152}
    limits |= {"min_avg_word_length": 0, "max_avg_word_length": 15, "language_score": 0.821}
    runs = {"top_n_grams": [[2, 0.169]], "dup_n_grams": [[5, 0.141]]}
    config = {**limits, **runs, "max_non_alpha_words_ratio": 0.774, "stopwords": ["der", "und"]}
    (tmp_path / "deu_Latn.yml").write_text(json.dumps(config), "utf-8")
    shutil.copytree(ROOT / "examples" / "data", tmp_path / "examples" / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_blocks_run_in_order(desk, capsys, monkeypatch):
    blocks = [text for kind, text in BLOCKS if kind == "python"]
    assert len(blocks) >= 6
    module = types.ModuleType("readme")
    monkeypatch.setitem(sys.modules, "readme", module)  # classes are pickled by their module
    for block in blocks:
        exec(compile(block, "README.md", "exec"), vars(module))
    said = capsys.readouterr().out
    assert "gopher_quality" in said
    assert (desk / "run-1" / "report.html").is_file()
    assert (desk / "tuned.toml").is_file()


def test_the_webfilter_commands_run(desk, capsys):
    commands = [
        shlex.split(line.strip().split("&& ")[-1])
        for kind, text in BLOCKS
        if kind == "bash"
        for line in text.replace("\\\n", " ").splitlines()
        if "webfilter" in line
    ]
    ours = [c for c in commands if c[0].endswith("webfilter")]
    assert len(ours) == 9
    for command in ours:
        words = [str(p) for word in command[1:] for p in _expanded(word)]
        assert main(words) == 0, command
    assert (desk / "out" / "kept" / "part-00000.parquet").is_file()


def _expanded(word):
    return sorted(Path().glob(word)) if "*" in word else [word]


def test_the_install_commands_are_those_that_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    for mark in ("try", "test"):
        assert f"<!-- {mark} -->\n```bash\n" in readme
        assert f"block {mark}" in ci


def test_every_kind_of_block_is_tested():
    assert {kind for kind, _ in BLOCKS} == {"bash", "python", "toml"}
