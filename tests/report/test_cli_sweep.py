import json
import random

import pytest
from reruns import texts

from webfilter import FineWebQuality, GopherQuality
from webfilter.cli import main
from webfilter.report import Report


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "run-1"
    pipe = GopherQuality(min_words=20) | FineWebQuality()
    pipe.run(texts(random.Random(0), 80), out, measure_all=True)
    return out


@pytest.mark.parametrize("name", ["", "report.json"])
@pytest.mark.parametrize(
    "asked",
    [
        ["sweep", "words", "9", "20", "off"],
        ["borderline", "words", "-n", "3"],
        ["borderline", "words", "--bound", "le", "--stage", "gopher_quality", "--others"],
        ["removal"],
        ["removal", "--characters"],
        ["breakdown", "language", "--mean", "words"],
        ["breakdown", "words", "--mean", "words", "-n", "2"],
    ],
)
def test_a_run_folder_can_be_asked(folder, capsys, asked, name):
    command, *more = asked
    argv = [command, str(folder / name), *more]
    assert main(argv) == 0
    report = Report.load(folder)
    truth = {
        "sweep": lambda: report.sweep("words", [9, 20, None]),
        "borderline": lambda: (
            report.borderline("words", bound="le", stage="gopher_quality", others=True)
            if "--others" in asked
            else report.borderline("words", n=3)
        ),
        "removal": lambda: report.removal(characters="--characters" in asked),
        "breakdown": lambda: report.breakdown(more[0], 2 if "-n" in more else 20, mean="words"),
    }[command]()
    assert capsys.readouterr().out == f"{truth}\n"
    assert main([*argv, "--as", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(truth.to_dict()))
    assert main([*argv, "--as", "html"]) == 0
    assert capsys.readouterr().out.lower().startswith("<!doctype html>")


@pytest.mark.parametrize("bound", ["ge", "gt", "le", "lt"])
def test_either_side_of_a_limit_can_be_asked_for(folder, capsys, bound):
    truth = Report.load(folder).sweep("words", [9, 90], bound=bound)
    assert main(["sweep", str(folder), "words", "9", "90", "--bound", bound]) == 0
    assert capsys.readouterr().out == f"{truth}\n"


def test_bad_input_is_one_clear_error_with_exit_code_2(folder, tmp_path, capsys):
    run = str(folder)
    cases = [
        (["sweep", run, "wrods", "20"], "did you mean 'words'"),
        (["sweep", run, "words", "many"], "limit 'many' is no finite number; off"),
        (["sweep", run, "words", "inf"], "no finite number; off"),
        (["sweep", run, "words", "20", "--stage", "fineweb"], "did you mean 'fineweb_quality'"),
        (["sweep", run, "words", "20", "--language", "en"], "not judged by language"),
        (["sweep", str(tmp_path / "none"), "words", "20"], "none"),
        (["borderline", run, "wrods"], "did you mean 'words'"),
        (["borderline", str(tmp_path), "words"], "cannot read the report"),
        (["removal", str(tmp_path / "none")], "none"),
        (["removal", "s3://bucket/run"], "'s3://bucket/run': it is read from this machine only"),
        (["removal", run, "--recipe", "educatonal"], "did you mean 'educational'"),
        (["removal", run, "--recipe", "educational"], "not the pipeline that ran"),
        (["sweep", run, "words", "20", "--recipe", "educational"], "not the pipeline that ran"),
        (["borderline", run, "words", "--recipe", "educational"], "not the pipeline that ran"),
        (["breakdown", run, "meta.sorce"], "unknown field of meta 'meta.sorce'"),
    ]
    for argv, said in cases:
        assert main(argv) == 2, argv
        captured = capsys.readouterr()
        assert captured.err.startswith("webfilter: error: ")
        assert len(captured.err.splitlines()) == 1
        assert said in captured.err
        assert captured.out == ""


def test_wrong_usage_is_exit_code_2():
    for argv in (["sweep"], ["sweep", "a", "words"], ["borderline", "a"], ["removal"],
                 ["borderline", "a", "words", "-n", "0"], ["removal", "a", "--as", "xml"],
                 ["breakdown", "a", "host", "--as", "xml"],
                 ["sweep", "a", "words", "1", "--bound", "eq"]):  # fmt: skip
        with pytest.raises(SystemExit) as stop:
            main(argv)
        assert stop.value.code == 2
