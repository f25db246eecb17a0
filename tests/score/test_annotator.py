"""The annotator against a server of our own, which is as bad as real ones are at times."""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import random
import socket
import threading
import time
from dataclasses import replace

import pytest
from chatserver import GOOD, Fake, Says, chat, serving
from hypothesis import given
from hypothesis import strategies as st

import webfilter as wf
from webfilter.score.annotation import Rubric, Scale
from webfilter.score.annotation.chat import tokens_of
from webfilter.score.annotation.purse import Purse
from webfilter.score.annotation.waits import Clock, Gate, Stopped, retry_after
from webfilter.score.annotator import Annotator

KEY = "sk-verysecret/0123456789"
TEXT = "Water boils at 100 degrees because its vapor then presses as hard as the air."
SCORES = {"educational": 4.0, "reasoning": 2.0, "lasting": 2.0, "clean": 1.0}


def annotator(server, **fields):
    fields = {"concurrency": 1, "timeout": 10, "clock": Fake(), **fields}
    return Annotator(server.endpoint, fields.pop("model", "m"), **fields)


def one(server, **fields):
    asker = annotator(server, **fields)
    (row,) = asker.annotate([TEXT])
    return row, asker.clock.slept


def test_a_question_and_its_answer(monkeypatch):
    monkeypatch.setenv("SOME_KEY", f" {KEY}\n")
    with serving([chat()]) as server:
        found = annotator(server, key_env="SOME_KEY", seed=7, extra={"top_p": 1}).annotate([TEXT])
    (row,) = found
    assert row.scores == SCORES
    assert row.reason is None
    assert (row.text, row.offset, row.annotators) == (TEXT, 0, 1)
    (reading,) = row.readings
    assert (reading.reader, reading.tokens_in, reading.tokens_out) == ("m", 100, 20)
    assert (reading.estimated, reading.attempts, reading.cached) == (False, 1, False)
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.excerpt == TEXT
    body = {key: asked.body[key] for key in ("model", "temperature", "seed", "max_tokens", "top_p")}
    assert body == {"model": "m", "temperature": 0.0, "seed": 7, "max_tokens": 1000, "top_p": 1}
    assert asked.body["response_format"]["json_schema"]["strict"] is True


def test_what_is_none_is_not_sent():
    with serving([chat()]) as server:
        row, _ = one(server, temperature=None, seed=None, max_tokens=None, json_schema=False)
    assert row.scores
    assert set(server.asked[0].body) == {"model", "messages"}
    assert "authorization" not in server.asked[0].headers
    with serving([chat()]) as server:
        one(server, max_tokens_name="max_completion_tokens", max_tokens=9)
    assert server.asked[0].body["max_completion_tokens"] == 9
    assert "max_tokens" not in server.asked[0].body


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": "0.5"}, [0.5]),
        ({"Retry-After": "0"}, []),
        ({"Retry-After": "-3"}, []),
        ({"retry-after-ms": "250", "Retry-After": "9"}, [0.25]),
        (
            {
                "Retry-After": "Sun, 06 Nov 1994 09:49:57 GMT",
                "Date": "Sun, 06 Nov 1994 09:49:37 GMT",  # an hour before our clock
            },
            [20.0],
        ),
        ({"Retry-After": "Sun, 06 Nov 1984 08:49:57 GMT"}, []),
    ],
)
def test_after_429_it_waits_as_long_as_it_is_told(headers, waits):
    with serving([Says(429, "slow down", headers), chat()]) as server:
        row, slept = one(server)
    assert row.scores == SCORES
    assert row.readings[0].attempts == 2
    assert slept == waits


def test_a_date_counts_from_our_own_clock_where_the_server_tells_no_time():
    told = {"retry-after": "Sunday, 06-Nov-94 08:49:57 GMT"}
    assert retry_after(told, Fake().today()) == 20
    assert retry_after({**told, "date": "whenever"}, Fake().today()) == 20
    assert retry_after({}, 0) is None


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ [-+\w]*"))
def test_any_retry_after_is_seconds_or_nothing(said):
    for name in ("retry-after", "retry-after-ms", "date"):
        found = retry_after({"retry-after": "1", name: said}, 0.0)
        assert found is None or 0 <= found < float("inf")


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "1e400", "Sun, 99 Nov", "9" * 5000])
def test_a_retry_after_that_says_nothing_is_a_back_off(said):
    with serving([Says(429, "slow down", {"Retry-After": said}), chat()]) as server:
        row, slept = one(server)
    assert row.scores == SCORES
    assert [0.5 <= wait <= 1 for wait in slept] == [True]


@pytest.mark.parametrize("said", ["0", "-3", "0.001", "Sun, 06 Nov 1984 08:49:57 GMT"])
def test_who_is_told_to_come_at_once_again_and_again_backs_off(said):
    with serving([Says(429, "busy", {"Retry-After": said})] * 5 + [chat()]) as server:
        row, slept = one(server)
    assert row.scores == SCORES
    pauses = [wait for wait in slept if wait > 0.001]
    assert [low <= s <= 2 * low for s, low in zip(pauses, (0.5, 1, 2, 4), strict=True)] == [
        True
    ] * 4


def test_who_is_told_to_wait_too_long_gives_up():
    with serving([Says(429, "tomorrow", {"Retry-After": "86400"}), chat()]) as server:
        row, slept = one(server)
    assert row.scores is None
    assert row.reason == "HTTP 429: tomorrow: asks to wait 86400 s"
    assert slept == []


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 529])
def test_faults_of_the_server_are_tried_again_with_growing_pauses(status):
    with serving([Says(status, {"error": {"message": "oh"}})] * 3 + [chat()]) as server:
        row, slept = one(server)
    assert row.scores == SCORES
    assert row.readings[0].attempts == 4
    assert [low <= s <= 2 * low for s, low in zip(slept, (0.5, 1, 2), strict=True)] == [True] * 3


def test_faults_that_do_not_end_fail_with_the_last_reason():
    with serving([Says(500, {"error": {"message": "a pipe\nburst"}})]) as server:
        row, slept = one(server, retries=2)
    assert row.scores is None
    assert row.reason == "HTTP 500: a pipe burst, 3 times"
    assert row.readings[0].attempts == 3
    assert len(slept) == 2


def test_what_came_instead_of_json_is_shown():
    page = Says(body="<html>\n<title>Web UI</title>" + "x" * 900)
    with serving([page]) as server:
        row, _ = one(server, retries=0)
    assert row.reason.startswith("the answer is not JSON: <html> <title>Web UI</title>xxx")
    assert len(row.reason) < 130
    packed = Says(body=b"\x1f\x8b\x08\x00" + bytes(range(40)))  # of bytes there is nothing to read
    with serving([packed]) as server:
        row, _ = one(server, retries=0)
    assert row.reason == "the answer is not JSON, 1 times"


def test_a_mark_of_byte_order_before_the_answer_is_passed_over():
    marked = Says(body=b"\xef\xbb\xbf" + json.dumps(chat().body).encode())
    with serving([marked]) as server:
        row, _ = one(server)
    assert (row.reason, row.readings[0].attempts) == (None, 1)


def test_broken_connections_are_tried_again():
    cut = replace(chat(), cut=40)
    with serving([Says(reset=True), cut, Says(body="<html>"), chat()]) as server:
        row, _ = one(server)
    assert row.scores == SCORES
    assert row.readings[0].attempts == 4


def test_a_silent_server_is_a_timeout():
    done = threading.Event()
    with serving([replace(chat(), wait=done), chat()]) as server:
        row, _ = one(server, timeout=0.2)
        done.set()
    assert row.scores == SCORES
    assert row.readings[0].attempts == 2
    silent = threading.Event()
    with serving([replace(chat(), wait=silent)]) as server:
        row, _ = one(server, timeout=0.1, retries=0)
        silent.set()
    assert row.reason == "no answer within 0.1 s, 1 times"


@pytest.mark.parametrize("says", [Says(drip=True), Says(503, drip=True)])
def test_an_answer_that_does_not_end_is_a_timeout(says):
    with serving([says]) as server:
        row, _ = one(server, timeout=0.2, retries=0)
    assert row.reason == "no answer within 0.2 s, 1 times"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED + b"0\r\n", b"A: b\r\n"),
    ],
    ids=["status", "interim", "header", "chunk size", "chunks", "trailers"],
)
def test_a_byte_now_and_then_does_not_hold_the_asker(first, again):
    def drip():
        asker, _ = listening.accept()
        with asker, contextlib.suppress(OSError):
            asker.recv(65_536)
            asker.sendall(first)
            for _ in range(150):
                asker.sendall(again)
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip)
        thread.start()
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        asker = Annotator(endpoint, "m", timeout=0.3, retries=0, concurrency=1, clock=Fake())
        (row,) = asker.annotate([TEXT])
        thread.join()
    assert row.reason == "no answer within 0.3 s, 1 times"


def test_an_answer_that_is_too_large_is_not_read():
    with serving([Says(body=b" " * 5_000_000)]) as server:
        row, _ = one(server, retries=0)
    assert "over 4,000,000 bytes" in row.reason


def test_nobody_there():
    with serving([chat()]) as server:
        pass
    row, slept = one(server, retries=3)
    assert "refused" in row.reason
    assert len(slept) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "overloaded", "code": 503}},
        {"error": {"message": "overloaded", "code": "429"}},
        {"error": "overloaded"},
        {"choices": []},
        {"choices": None},
        {"choices": [{"text": GOOD}]},
        {},
        "[]",
        "null",
        '"error"',
        "[" * 100_000,
        b"\xff\xfe",
        "",
    ],
)
def test_200_with_no_answer_in_it_is_tried_again(body):
    with serving([Says(200, body), chat()]) as server:
        row, _ = one(server)
    assert row.scores == SCORES
    assert row.readings[0].attempts == 2


@pytest.mark.parametrize(
    "bad",
    [
        chat("I would say 4."),
        chat(GOOD.replace("4", "6")),
        chat(None),
        chat(""),
        chat(["x", {"text": 5}, {"type": "image"}]),
        chat("<think>hm"),
        chat(GOOD, finish_reason="length"),
    ],
)
def test_an_unusable_answer_is_asked_for_once_more_with_what_was_wrong(bad):
    with serving([bad, chat()]) as server:
        row, slept = one(server)
    assert row.scores == SCORES
    reading = row.readings[0]
    assert (reading.attempts, reading.tokens_in, reading.tokens_out) == (2, 200, 40)
    assert slept == []
    first, second = (asked.body["messages"][-1]["content"] for asked in server.asked)
    assert second.startswith(first)
    assert second.removeprefix(first).startswith("\nAn earlier answer could not be used: ")
    with serving([bad]) as server:
        row, _ = one(server, corrections=2)
    assert row.scores is None
    assert row.reason.startswith("answer not usable: ")
    assert len(server.asked) == 3


def test_content_in_parts_is_an_answer():
    parts = [{"type": "text", "text": GOOD[:10]}, {"type": "text", "text": GOOD[10:]}]
    with serving([chat(parts)]) as server:
        assert one(server)[0].scores == SCORES


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (chat(None, message={"refusal": "I can't."}), "the model refused: I can't."),
        (chat(GOOD, finish_reason="content_filter"), "content filter"),
    ],
)
def test_a_refusal_is_not_asked_again(says, why):
    with serving([says]) as server:
        row, _ = one(server)
    assert row.scores is None
    assert why in row.reason
    assert len(server.asked) == 1


def too_long(asked, n):
    if "very long" in asked.excerpt:
        return Says(400, {"error": {"message": "maximum context length is 8"}})
    return chat()


def test_a_text_that_is_refused_fails_alone_and_once():
    texts = ["fine", "very long 1", "good", *(f"very long {i}" for i in range(2, 60)), "well"]
    with serving(too_long) as server:
        found = annotator(server).annotate(texts)
    assert [row.text for row in found.labeled] == ["fine", "good", "well"]
    assert found.reasons == {"HTTP 400: maximum context length is 8": 59}
    assert len(found) == len(texts)
    assert len(server.asked) == len(texts)


def test_a_server_that_takes_no_schema_is_asked_without_from_then_on():
    def script(asked, n):
        if "response_format" in asked.body:
            return Says(400, {"error": {"message": "response_format is not supported"}})
        return chat()

    with serving(script) as server:
        found = annotator(server).annotate(["a b", "c d", "e f"])
    assert len(found.labeled) == 3
    assert ["response_format" in asked.body for asked in server.asked] == [True] + [False] * 3


def test_several_questions_that_find_out_together_that_no_schema_is_taken():
    plain = threading.Event()

    def script(asked, n):
        if "response_format" not in asked.body:
            plain.set()
            return chat()
        if n:  # refused only when the first one has had its answer without
            plain.wait(10)
            time.sleep(0.2)
        return Says(400, {"error": {"message": "response_format is not supported"}})

    with serving(script) as server:
        found = annotator(server, concurrency=4).annotate([f"a {i}" for i in range(12)])
    assert found.reasons == {}
    assert len(found.labeled) == 12


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_ends_the_run_at_once(status, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    said = {"error": {"message": f"Incorrect API key provided: {KEY}."}}
    with serving([Says(status, said)]) as server:
        with pytest.raises(wf.ConfigError, match=r"does not accept the key in SOME_KEY") as caught:
            annotator(server, key_env="SOME_KEY", concurrency=4).annotate(map(str, range(10_000)))
        assert KEY not in str(caught.value)
        assert "Incorrect API key provided: ***." in str(caught.value)
        assert len(server.asked) <= 4
        with pytest.raises(wf.ConfigError, match="name the variable that holds one with key_env"):
            annotator(server).annotate([TEXT])


def test_a_403_after_answers_is_about_one_text():
    with serving([chat(), Says(403, "flagged"), chat()]) as server:
        found = annotator(server).annotate(["a", "b", "c"])
    assert [row.reason for row in found] == [None, "HTTP 403: flagged", None]


@pytest.mark.parametrize("status", [302, 307, 404, 405])
def test_an_address_that_has_answered_is_asked_again(status):
    with serving([chat(), Says(status, "restarting"), chat()]) as server:
        found = annotator(server).annotate(["a", "b"])
    assert [row.reason for row in found] == [None, None]
    assert found[1].readings[0].attempts == 2


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (Says(404, {"error": {"message": "no model m"}}), "no model m.*check endpoint and model"),
        (Says(301, "", {"Location": "https://elsewhere.example/v1"}), "to https://elsewhere.*301"),
        (Says(307, "", {"Location": "/v1/chat/completions/"}), "redirects to /v1"),
        (Says(405, ""), "check endpoint"),
    ],
)
def test_a_wrong_address_ends_the_run(says, why):
    with serving([says]) as server:
        with pytest.raises(wf.ConfigError, match=why):
            annotator(server).annotate(["a", "b"])
        assert len(server.asked) == 1


def test_a_key_does_not_follow_a_redirect(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    with serving([chat()]) as other:
        away = Says(308, "", {"Location": f"{other.endpoint}/chat/completions"})
        with serving([away]) as server, pytest.raises(wf.ConfigError, match="redirects"):
            annotator(server, key_env="SOME_KEY").annotate([TEXT])
    assert other.asked == []


@pytest.mark.parametrize(
    "says",
    [
        Says(402, {"error": {"message": "top up"}}),
        Says(429, {"error": {"message": "top up", "code": "insufficient_quota"}}),
    ],
)
def test_no_money_there_stops_asking_and_loses_nothing(says):
    with serving([chat(), says]) as server:
        found = annotator(server).annotate(map(str, range(50)))
    assert (len(found.labeled), len(found.failed), len(server.asked)) == (1, 49, 2)
    assert "top up" in found.failed[0].reason
    assert found.failed[-1].reason.startswith("not asked: the account has no money left")


def test_after_many_failures_in_a_row_nothing_more_is_asked(tmp_path):
    with serving([chat()]) as server:
        annotator(server, cache=tmp_path).annotate(["known"])
    with serving([Says(500, "broken")]) as server:
        asker = annotator(server, cache=tmp_path, retries=1, stop_after=3)
        found = asker.annotate([*map(str, range(50)), "known"])
    assert len(server.asked) == 6
    assert len(found.failed) == 50
    assert found.failed[-1].reason == (
        "not asked: 3 questions in a row failed, the last with: HTTP 500: broken, 2 times"
    )
    assert found[-1].scores == SCORES  # the cache still answers
    with serving([Says(400, "temperature is not supported")]) as server:
        found = annotator(server, stop_after=3, json_schema=False).annotate(map(str, range(50)))
    assert len(server.asked) == 3
    assert "temperature is not supported" in found.failed[-1].reason


def test_failures_that_are_not_in_a_row_stop_nothing():
    with serving(lambda asked, n: chat() if n % 3 == 2 else Says(500)) as server:
        found = annotator(server, retries=0, stop_after=3).annotate(map(str, range(60)))
    assert len(found.labeled) == 20
    assert len(server.asked) == 60


@pytest.mark.parametrize("says", [Says(200, "{"), Says(200, "{" * 50, cut=20)])
def test_what_may_have_been_billed_counts_against_the_budget(says):
    price = {"m": (0, 10_000)}  # up to 1 for 100 tokens
    with serving([says]) as server:
        asker = annotator(server, prices=price, budget=3.5, max_tokens=100, retries=50)
        (row,) = asker.annotate(["a"])
    assert row.reason.startswith("not asked: the budget of 3.5 is used up: 3 may be spent")
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [429, 500])
def test_what_was_not_answered_is_not_billed(status):
    price = {"m": (0, 10_000)}  # up to 1 for 100 tokens, and 0.2 for an answer
    with serving([Says(status, "busy")] * 4 + [chat()] * 5) as server:
        asker = annotator(server, prices=price, budget=1.9, max_tokens=100)
        found = asker.annotate(list("abcdef"))
    assert len(found.labeled) == 5
    assert found.cost.money == pytest.approx(1.0)
    assert found.cost.requests == 9
    assert found.failed[0].reason.startswith("not asked: the budget of 1.9 is used up: 1 may be")


def test_a_local_endpoint_is_not_asked_through_a_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving([chat()]) as server:
        assert one(server, retries=0)[0].scores == SCORES


def mixed(asked, n):
    """Fail by a draw: every fault there is, and an answer that tells the text."""
    rng = random.Random(n)
    faults = [
        Says(429, "", {"Retry-After": "3"}), Says(500), Says(reset=True), Says(200, "{"),
        chat("hm"), replace(chat(), cut=5),
    ]  # fmt: skip
    if rng.random() < 0.3:
        return rng.choice(faults)
    grade = int(asked.excerpt.split()[1]) % 6
    return chat(GOOD.replace("4", str(grade)))


def test_among_all_faults_at_once_rows_keep_their_order_and_their_own_scores():
    texts = [f"Text {i}" for i in range(150)]
    with serving(mixed) as server:
        asker = annotator(server, concurrency=8, retries=30, corrections=10)
        found = asker.annotate(iter(texts))
    assert [row.text for row in found] == texts
    assert [row.scores["educational"] for row in found] == [i % 6 for i in range(150)]
    assert server.most_active <= 8
    assert sum(r.attempts for row in found for r in row.readings) == len(server.asked)


def test_it_reads_ahead_by_a_bounded_number():
    taken = []

    def endless():
        i = 0
        while True:
            taken.append(i)
            yield f"Text {i}"
            i += 1

    with serving([chat()]) as server:
        stream = annotator(server, concurrency=2).stream(endless())
        for _ in range(10):
            assert next(stream).scores == SCORES
        stream.close()
    assert len(taken) < 10 + 2 * 8 + 2


def test_a_429_slows_all_threads():
    says = [Says(429, "", {"Retry-After": "5"})] * 4
    with serving([*says, chat()]) as server:
        asker = annotator(server, concurrency=4)
        found = asker.annotate(map(str, range(40)))
    assert len(found.labeled) == 40
    assert asker.clock.time >= 1_005


def test_the_gate_halves_once_for_one_burst_and_grows_back():
    gate = Gate(8, Fake(), threading.Event())
    for _ in range(5):
        gate.slow(3)
    assert gate.limit == 4
    with gate.turn():
        pass
    gate.slow(3)
    assert gate.limit == 2
    for _ in range(100):
        gate.went_well()
    assert gate.limit == 8
    clock = Fake()
    gate = Gate(2, clock, threading.Event())
    gate.slow(30)
    gate.slow(1)  # another thread was told less: the longer rest holds
    with gate.turn():
        assert clock.slept == [30]
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped), Gate(1, Fake(), stop).turn():
        pass


def test_equal_texts_are_asked_about_once():
    with serving([chat()]) as server:
        found = annotator(server, concurrency=8).annotate([TEXT] * 50)
    assert len(server.asked) == 1
    assert [row.scores for row in found] == [SCORES] * 50
    assert found.cost.cached == 49


def test_several_readers_and_models():
    def script(asked, n):
        generous = asked.body["model"] == "b" or asked.body["seed"] == 1
        return chat(GOOD.replace("4", "5") if generous else GOOD)

    with serving(script) as server:
        asker = annotator(server, model=("a", "b"), readers=2, prices={"a": (1, 2), "b": (3, 4)})
        found = asker.annotate(["x", "y"])
    assert [r.reader for r in found[0].readings] == ["a", "a#2", "b", "b#2"]
    assert found[0].scores == {**SCORES, "educational": 4.75}
    assert found[0].annotators == 4
    assert sorted({asked.body["seed"] for asked in server.asked}) == [0, 1]
    pairs = {(a.first, a.second) for a in found.agreement() if a.scale == "educational"}
    assert len(pairs) == 6
    cost = found.cost
    assert cost.questions == cost.requests == 8
    assert cost.by_model["a"].money == pytest.approx(4 * (100 * 1 + 20 * 2) / 1e6)
    assert cost.money == pytest.approx(4 * (100 * 1 + 20 * 2 + 100 * 3 + 20 * 4) / 1e6)


def test_one_reader_that_fails_leaves_the_other():
    def script(asked, n):
        return chat() if asked.body["model"] == "a" else chat("no")

    with serving(script) as server:
        (row,) = annotator(server, model=("a", "b")).annotate([TEXT])
    assert row.scores == SCORES
    assert row.annotators == 1
    assert row.readings[1].reason.startswith("answer not usable")


def test_the_budget_is_never_exceeded_and_nearly_used():
    price = {"m": (1_000, 10_000)}  # 0.3 a question, and up to 1 of answer
    with serving([chat()]) as server:
        asker = annotator(server, concurrency=8, prices=price, budget=12.0, max_tokens=100)
        found = asker.annotate(map(str, range(200)))
    assert len(found) == 200
    cost = found.cost
    assert cost.money <= 12.0
    assert cost.money > 12.0 - 0.3 - 5
    assert cost.money == pytest.approx(len(server.asked) * 0.3)
    assert found.failed[-1].reason.startswith("not asked: the budget of 12 is used up")


def test_a_budget_holds_where_the_server_counts_up_to_twice_the_tokens():
    body = {"prompt_tokens": 0, "completion_tokens": 0}

    def script(asked, n):
        said = sum(tokens_of(message["content"]) for message in asked.body["messages"])
        return chat(usage={**body, "prompt_tokens": 2 * said})

    with serving(script) as server:
        asker = annotator(server, concurrency=8, prices={"m": (1_000, 0)}, budget=12.0)
        cost = asker.annotate(f"{TEXT} {n}" for n in range(100)).cost
    each = cost.money / cost.requests
    assert 12.0 - 2 * each < cost.money <= 12.0


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"prompt_tokens": -1, "completion_tokens": "5"}, (True, 10**12)]
)
def test_tokens_that_are_not_reported_are_estimated_and_marked(usage):
    with serving([chat(usage=usage)]) as server:
        found = annotator(server, prices={"m": (1, 1)}).annotate([TEXT])
    reading = found[0].readings[0]
    assert reading.estimated
    assert found.cost.estimated
    assert 300 < reading.tokens_in < 3_000
    assert 10 < reading.tokens_out < 30


def test_an_estimate_asks_nothing_and_is_near(tmp_path):
    texts = [f"{TEXT} {i}" for i in range(20)]
    with serving([chat(usage=None)]) as server:
        asker = annotator(server, prices={"m": (1, 2)}, cache=tmp_path / "a")
        before = asker.estimate(["", *texts, texts[0]])
        assert server.asked == []
        assert not (tmp_path / "a").exists()
        paid = asker.annotate(texts).cost
        after = asker.estimate(texts)
    assert (before.questions, before.cached, before.requests) == (21, 1, 20)
    assert before.tokens_in == paid.tokens_in
    assert before.money == pytest.approx(paid.money, rel=0.05)
    assert (after.questions, after.cached, after.money) == (20, 20, 0)
    assert after.cached_share == 1


def test_long_texts_are_cut_into_windows_that_say_where_they_are():
    text = "  " + " ".join(f"Sentence {i} tells something." for i in range(400))
    doc = wf.Document("page", text, url="https://a.example/p", meta={"src": "set"})
    short = wf.Document("short", " Water boils. ")
    named = wf.Document("named", "Water boils.", meta={"src": None, "source": "books"})
    with serving([chat()]) as server:
        first = annotator(server).annotate([doc, short])
        several = annotator(server, windows=4, max_chars=500).annotate([doc])
        assert annotator(server).annotate([named])[0].source == "books"
    assert [(row.id, row.offset) for row in first] == [("page@2", 2), ("short", 1)]
    assert 900 <= len(first[0].text) <= 1000
    assert (first[0].source, first[0].url, first[1].source) == ("set", doc.url, "short")
    assert len(several) == 4
    assert [row.id for row in several] == [f"page@{row.offset}" for row in several]
    for row in [*first, *several]:
        whole = short.text if row.id == "short" else text
        assert whole[row.offset : row.offset + len(row.text)] == row.text
        assert len(row.text) <= 1_000
    assert {asked.excerpt for asked in server.asked} == {r.text for r in [*first, *several]}


def test_windows_that_say_the_same_have_ids_of_their_own():
    doc = wf.Document("page", "na " * 2_000)
    with serving([chat()]) as server:
        found = annotator(server, windows=3, max_chars=90).annotate([doc])
    assert len({row.id for row in found}) == 3
    assert all(doc.text[row.offset :].startswith(row.text) for row in found)


@pytest.mark.parametrize("items", ["Water boils.", wf.Document("a", "Water boils.")])
def test_one_text_is_not_a_list_of_its_letters(items):
    with serving([chat()]) as server:
        for ask in (annotator(server).annotate, annotator(server).estimate):
            with pytest.raises(wf.ConfigError, match="a list of texts or documents is needed"):
                ask(items)
    assert server.asked == []


def test_what_is_set_aside_cannot_be_taken_twice():
    stop = threading.Event()
    stop.set()  # so that nobody waits for what is under way
    purse = Purse(1.0, stop)
    assert purse.take(0.6)
    assert not purse.take(0.6)
    purse.settle(0.6, 0.1)
    assert purse.take(0.6)
    assert purse.spent == 0.1
    assert Purse(1.0, stop).take(1.0)


def test_what_has_no_text_gets_a_row_and_no_question():
    docs = [
        wf.Document("a", " \n"),
        wf.Document("b", html=b"<p>x"),
        wf.Document("c", "text").drop(wf.Verdict("words", "words", "words", 1, 5.0, op="<")),
        "",
        wf.Document("d", "text"),
    ]
    with serving([chat()]) as server:
        found = annotator(server).annotate(docs)
        with pytest.raises(wf.ConfigError, match="an item is dict"):
            annotator(server).annotate([{"text": "a"}])
    assert [row.reason for row in found] == [
        "it is empty",
        "it has no text yet: extract it",
        "not live: words: words 1 < 5",
        "it is empty",
        None,
    ]
    assert len(server.asked) == 1


def test_hostile_texts_are_sent_as_they_can_be():
    texts = ["a\x00b", "lone \ud800", "\u202eabc", "😀" * 400, "x" * 1_000_000, "]}\"'\\u0000"]
    with serving([chat()]) as server:
        found = annotator(server, max_chars=10**9).annotate(texts)
    assert len(found.labeled) == len(texts)
    assert [row.text for row in found] == texts
    assert server.asked[1].excerpt == "lone \ufffd"
    assert server.asked[4].excerpt == texts[4]


def test_an_interrupt_keeps_the_answers(tmp_path):
    texts = [f"Text {i}" for i in range(30)]

    def broken():
        yield from texts[:20]
        raise KeyboardInterrupt

    with serving([chat()]) as server:
        asker = annotator(server, cache=tmp_path, concurrency=2)
        with pytest.raises(KeyboardInterrupt):
            asker.annotate(broken())
        seen = len(server.asked)
        assert 1 <= seen <= 20
        found = asker.annotate(texts)
    assert len(found.labeled) == 30
    assert len(server.asked) == 30
    assert found.cost.cached == seen


def test_an_interrupt_wakes_those_who_wait():
    def broken():
        yield from ("a", "b")
        raise KeyboardInterrupt

    with serving([Says(429, "", {"Retry-After": "500"})]) as server:
        asker = annotator(server, concurrency=2, clock=Clock())
        with pytest.raises(KeyboardInterrupt):
            asker.annotate(broken())  # would take minutes


def test_the_key_is_in_nothing_that_is_kept_or_shown(monkeypatch, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SOME_KEY", KEY)
    echo = {"error": {"message": f"bad key {KEY} in {{'Authorization': 'Bearer {KEY}'}}"}}
    escaped = '{"oops": "' + KEY.replace("/", "\\/") + '"}'
    says = [
        Says(500, echo), chat(), Says(400, echo), chat(KEY), chat(KEY), Says(500, KEY),
        Says(500, escaped), Says(200, KEY), Says(429, echo), chat(message={"refusal": KEY}),
        Says(418, KEY), chat(),
    ]  # fmt: skip
    with serving(says) as server:
        asker = annotator(server, key_env="SOME_KEY", cache=tmp_path / "cache", retries=1)
        found = asker.annotate(map(str, range(12)))
        found.write(tmp_path / "labels.jsonl")
        for says in (
            [Says(401, echo)],
            [Says(302, "", {"Location": f"/?{KEY}"})],
            [Says(404, KEY)],
        ):
            server.script = lambda asked, n, says=says: says[0]
            with pytest.raises(wf.ConfigError) as caught:
                asker.annotate(["other"])
            error = caught.value
            while error is not None:
                assert KEY not in f"{error!r} {vars(error)}"
                error = error.__cause__ or error.__context__
    assert found.labeled
    assert found.failed
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
            assert b"verysecret" not in path.read_bytes(), path
    shown = repr(asker) + repr(found.rows) + caplog.text + str(found.reasons) + str(found.cost)
    assert "verysecret" not in shown
    assert b"verysecret" not in pickle.dumps(replace(asker, clock=Clock()))
    assert all("verysecret" not in json.dumps(asked.body) for asked in server.asked)


def test_a_key_that_is_not_there_or_no_key_speaks_before_anything_is_asked(monkeypatch):
    with serving([chat()]) as server:
        asker = annotator(server, key_env="NO_SUCH_KEY")
        with pytest.raises(wf.ConfigError, match="key_env = 'NO_SUCH_KEY': there is no such"):
            asker.annotate([TEXT])
        for bad in ("sk-a\nsk-b", "sk a", "schlüssel"):
            monkeypatch.setenv("NO_SUCH_KEY", bad)
            with pytest.raises(wf.ConfigError, match="is no key") as caught:
                asker.annotate([TEXT])
            assert bad not in str(caught.value)
        assert server.asked == []


GOOD_FIELDS = {"endpoint": "http://localhost:1/v1", "model": "m"}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"endpoint": "localhost:8000"}, "endpoint"),
        ({"endpoint": "ftp://a.example"}, "endpoint"),
        ({"endpoint": "http:///v1"}, "endpoint"),
        ({"endpoint": "http://[1/v1"}, "endpoint"),
        ({"endpoint": "http://a.example:99999/v1"}, "endpoint"),
        ({"endpoint": "http://a.example/a b"}, "endpoint"),
        ({"endpoint": "http://a.example/a\r\nX: y"}, "endpoint"),
        ({"endpoint": f"https://me:{KEY}@a.example/v1"}, "environment variable"),
        ({"endpoint": f"https://a.example/v1?api_key={KEY}"}, "environment variable"),
        ({"endpoint": "https://a.example/v1?x=1&Access-Token=abc"}, "environment variable"),
        ({"key_env": KEY}, "key_env takes the name"),
        ({"key_env": "gsk_verysecret0123456789abcd"}, "key_env takes the name"),
        ({"key_env": ""}, "key_env takes the name"),
        ({"model": ""}, "model"),
        ({"model": ()}, "model"),
        ({"model": ("a", "a")}, "model"),
        ({"readers": 0}, "readers"),
        ({"concurrency": 0}, "concurrency"),
        ({"max_chars": 0}, "max_chars"),
        ({"windows": 0}, "windows"),
        ({"retries": -1}, "retries"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": 1e12}, "timeout"),
        ({"max_wait": 1e12}, "max_wait = 1000000000000.0 does not fit; it takes seconds"),
        ({"temperature": -1}, "temperature"),
        ({"max_tokens_name": "tokens"}, "max_tokens_name"),
        ({"extra": {"model": "b"}}, "extra has 'model'"),
        ({"extra": {"a": {1, 2}}}, "extra"),
        ({"extra": {"a": float("nan")}}, "extra"),
        ({"prices": {"other": (1, 2)}}, "prices has 'other'"),
        ({"prices": {"m": (1,)}}, "two numbers"),
        ({"prices": {"m": (1, -2)}}, "two numbers"),
        ({"budget": 5}, "budget needs prices"),
        ({"budget": 5, "prices": {"m": (1, 2)}, "max_tokens": None}, "budget needs max_tokens"),
        ({"budget": 0, "prices": {"m": (1, 2)}}, "budget"),
        ({"rubric": "educational"}, "rubric"),
        ({"cache": 5}, "cache"),
    ],
)
def test_a_field_that_does_not_fit_says_so(fields, why):
    with pytest.raises(wf.ConfigError, match=why) as caught:
        Annotator(**{**GOOD_FIELDS, **fields})
    assert "verysecret" not in str(caught.value)


def test_an_annotator_is_its_configuration():
    one = Annotator("http://localhost:1/v1", "m", prices={"m": [1, 2]}, cache="answers")
    assert pickle.loads(pickle.dumps(one)) == one
    assert replace(one, seed=1) != one
    assert "clock" not in repr(one)


def test_own_scales():
    rubric = Rubric("tone", "1", (Scale("polite", -1, 1, step=0.5),))
    with serving([chat('{"polite": -0.5}')]) as server:
        found = annotator(server, rubric=rubric).annotate([TEXT])
    assert found.labels.tolist() == [[-0.5]]
