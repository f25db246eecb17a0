"""Answers survive: a kill in the middle of a line, two runs at once, damage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace

import pytest
from chatserver import Fake, Says, chat, serving

import webfilter as wf
from webfilter.score.annotation import Rubric, Scale
from webfilter.score.annotation.cache import Answer, Cache
from webfilter.score.annotator import Annotator

RUBRIC = Rubric.packaged("educational")
ANSWER = Answer((4.0, 2.0, 2.0, 1.0), 100, 20, False)
KEYS = [Cache.key(i) for i in range(4)]


def filled(folder, keys=KEYS):
    cache = Cache(folder, RUBRIC)
    for key in keys:
        cache.put(key, ANSWER)
    cache.close()
    (path,) = folder.glob("*.jsonl")
    return path


def test_an_answer_is_there_for_the_next_run_and_at_once(tmp_path):
    cache = Cache(tmp_path, RUBRIC)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], ANSWER)
    assert cache.get(KEYS[0]) == ANSWER
    assert Cache(tmp_path, RUBRIC).get(KEYS[0]) == ANSWER  # the first is not even closed
    cache.close()


def test_a_run_without_new_answers_leaves_no_file(tmp_path):
    Cache(tmp_path / "a", RUBRIC).close()
    assert list((tmp_path / "a").iterdir()) == []


def test_a_file_cut_at_any_byte_of_its_last_record_loads(tmp_path):
    data = filled(tmp_path / "a").read_bytes()
    last = data[:-1].rindex(b"\n") + 1
    folder = tmp_path / "b"
    folder.mkdir()
    for end in range(last, len(data) + 1):
        (folder / "cut.jsonl").write_bytes(data[:end])
        cache = Cache(folder, RUBRIC)
        assert all(cache.get(key) == ANSWER for key in KEYS[:-1])
        whole = end >= len(data) - 1  # all but the newline
        assert cache.get(KEYS[-1]) == (ANSWER if whole else None)
        assert cache.damaged == (last < end < len(data) - 1)
        # and what is put now is found next time, whatever the cut one ended with
        if end % 29 == 0:
            cache.put(KEYS[-1], ANSWER)
            cache.close()
            assert len(Cache(folder, RUBRIC)) == 4
            for path in folder.glob("answers-*"):
                path.unlink()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"key": "zz", "rubric": "RUBRIC", "scores": {}}',
        b'{"key": 5, "rubric": "RUBRIC"}',
    ],
)
def test_damaged_lines_are_passed_over(tmp_path, line):
    path = filled(tmp_path)
    line = line.replace(b"RUBRIC", RUBRIC.checksum[:16].encode())
    path.write_bytes(line + b"\n" + path.read_bytes() + line)
    cache = Cache(tmp_path, RUBRIC)
    assert len(cache) == 4
    assert cache.damaged == (2 if line else 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scores", {"educational": 6, "reasoning": 2, "lasting": 2, "clean": 1}),
        ("scores", {"educational": 4}),
        ("scores", None),
        ("key", "ab"),
        ("tokens_in", -1),
        ("tokens_out", "20"),
        ("rubric", None),
    ],
)
def test_a_record_that_no_reader_can_have_given_is_not_used(tmp_path, field, value):
    path = filled(tmp_path, KEYS[:1])
    record = json.loads(path.read_bytes())
    path.write_text(json.dumps({**record, field: value}), "utf-8")
    assert len(Cache(tmp_path, RUBRIC)) == 0


def test_the_first_answer_stays_and_folders_merge_by_copying(tmp_path):
    first, second = filled(tmp_path / "a", KEYS[:2]), filled(tmp_path / "b", KEYS[1:])
    later = second.read_text("utf-8").replace('"educational": 4.0', '"educational": 5.0')
    (tmp_path / "a" / "z.jsonl").write_text(later, "utf-8")
    cache = Cache(tmp_path / "a", RUBRIC)
    assert first.exists()
    assert [cache.get(key).scores[0] for key in KEYS] == [4.0, 4.0, 5.0, 5.0]


def test_answers_of_another_rubric_are_neither_used_nor_damaged(tmp_path):
    filled(tmp_path)
    cache = Cache(tmp_path, Rubric("tone", "1", (Scale("polite", 0, 1),)))
    assert len(cache) == cache.damaged == 0


def test_a_folder_that_cannot_be_used_says_so_before_anything_is_asked(tmp_path):
    (tmp_path / "file").write_text("x")
    with serving([chat()]) as server:
        asker = Annotator(server.endpoint, "m", cache=tmp_path / "file")
        with pytest.raises(wf.OutputError, match="give another folder"):
            asker.annotate(["a"])
        assert server.asked == []


def test_a_full_disk_stops_the_run(tmp_path, monkeypatch):
    class Full:
        def write(self, data):
            return len(data) // 2

        def close(self):
            pass

    monkeypatch.setattr(Cache, "_new", lambda self, folder: Full())
    with serving([chat()]) as server:
        asker = Annotator(server.endpoint, "m", cache=tmp_path, concurrency=1)
        with pytest.raises(wf.OutputError, match="disk is full"):
            asker.annotate(map(str, range(50)))
        assert len(server.asked) <= 2


def test_a_second_run_costs_nothing_and_gives_the_same_rows(tmp_path):
    texts = [f"Text {i}" for i in range(40)]
    with serving(lambda asked, n: chat() if n % 3 else Says(500)) as server:
        asker = Annotator(
            server.endpoint, "m", cache=tmp_path / "c", prices={"m": (1, 1)}, clock=Fake()
        )
        first = asker.annotate(texts[:25])
        asked = len(server.asked)
        again = asker.annotate(texts[:25])
        assert len(server.asked) == asked
        first.write(tmp_path / "one.jsonl")
        again.write(tmp_path / "two.jsonl")
        more = asker.annotate(texts)
    assert [row.scores for row in again] == [row.scores for row in first]
    assert (again.cost.money, again.cost.cached, again.cost.requests) == (0, 25, 0)
    assert again[0].readings[0].tokens_in == first[0].readings[0].tokens_in
    assert more.cost.cached == 25
    rows = [
        [{k: v for k, v in json.loads(line).items() if k != "readings"} for line in lines]
        for name in ("one", "two")
        for lines in [(tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]
    ]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"seed": 1},
        {"temperature": 0.5},
        {"max_tokens": 9},
        {"extra": {"top_p": 0.5}},
        {"rubric": replace(RUBRIC, about="Be kind.")},
    ],
)
def test_another_question_is_another_answer(tmp_path, change):
    with serving([chat()]) as server:
        asker = Annotator(server.endpoint, "m", cache=tmp_path)
        asker.annotate(["a"])
        replace(asker, **change).annotate(["a"])
        assert len(server.asked) == 2
        replace(asker, concurrency=3, retries=1, prices={"m": (1, 1)}).annotate(["a"])
        assert len(server.asked) == 2


def test_failures_are_not_kept(tmp_path):
    with serving([Says(400, "no"), Says(400, "no"), chat()]) as server:
        asker = Annotator(server.endpoint, "m", cache=tmp_path, concurrency=1)
        assert asker.annotate(["a"])[0].scores is None
        assert asker.annotate(["a"])[0].scores is not None


def test_two_runs_at_once_leave_one_good_cache(tmp_path):
    texts = [f"Text {i}" for i in range(60)]
    with serving([chat()]) as server:
        asker = Annotator(server.endpoint, "m", cache=tmp_path)
        threads = [threading.Thread(target=asker.annotate, args=(part,)) for part in
                   (texts, texts[::-1])]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked = len(server.asked)
        assert asker.annotate(texts).cost.cached == 60
        assert len(server.asked) == asked
    cache = Cache(tmp_path, RUBRIC)
    assert (len(cache), cache.damaged) == (60, 0)


def test_a_run_that_is_killed_has_lost_no_answer(tmp_path):
    script = textwrap.dedent(
        """
        import sys
        from webfilter.score.annotator import Annotator
        asker = Annotator(sys.argv[1], "m", cache=sys.argv[2], concurrency=4)
        asker.annotate(f"Text {i}" for i in range(100_000))
        """
    )
    seen = threading.Event()

    def answer(asked, n):
        if n >= 60:
            seen.set()
            return Says(wait=never)
        return chat()

    never = threading.Event()
    with serving(answer) as server:
        child = subprocess.Popen([sys.executable, "-c", script, server.endpoint, tmp_path])
        assert seen.wait(30)
        os.kill(child.pid, 9)
        child.wait()
        never.set()
        cache = Cache(tmp_path, RUBRIC)
        assert 56 <= len(cache) <= 60
        assert cache.damaged == 0
