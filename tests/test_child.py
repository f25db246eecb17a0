"""The child process: limits, deaths, clear errors, and nothing left behind."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

import webfilter.answers
import webfilter.child
import webfilter.serve
from webfilter.child import (
    Child,
    ChildDied,
    ChildError,
    ChildNotSent,
    ChildNotStarted,
    ChildTimeout,
)

HERE = "childwork:actor"
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc or RLIMIT_DATA")


class Refuses:
    """Cannot be pickled, by anything."""

    def __reduce__(self):
        raise TypeError("not for sending")


class Unreadable:
    """Is pickled, but cannot be unpickled."""

    def __reduce__(self):
        return int, ("not a number",)


@pytest.fixture
def child():
    with Child(HERE, {"a": 1}) as made:
        yield made


def test_config_reaches_the_factory_and_tasks_its_callable(child):
    assert child.call(("config",)) == {"a": 1}
    assert child.call(("echo", "é\udcff\0")) == "é\udcff\0"
    big = os.urandom(10_000_000)
    assert child.call(("echo", big)) == big
    assert child.call(("pid",)) != os.getpid()


def test_a_child_is_started_once_and_reused(child):
    assert len({child.call(("pid",)) for _ in range(3)}) == 1


def test_what_libraries_print_neither_breaks_frames_nor_blocks_nor_shows(child, capfd):
    assert child.call(("chatter", 200_000), timeout=20) == "still in step"
    assert child.call(("echo", 1)) == 1
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ChildDied) as caught:
        child.call(("exit", 3))
    assert len(caught.value.stderr) <= 4096


def test_stdin_of_the_child_is_empty(child):
    assert child.call(("read_stdin",), timeout=10) == ""


def test_an_exception_carries_type_message_and_traceback(child):
    with pytest.raises(ChildError) as caught:
        child.call(("fail",))
    assert str(caught.value) == "ValueError: no such page"
    assert 'raise ValueError("no such page")' in caught.value.traceback
    assert child.call(("echo", 1)) == 1


def test_sys_exit_in_a_task_is_an_error_not_a_death(child):
    with pytest.raises(ChildError, match="SystemExit: 3"):
        child.call(("sys_exit",))


def test_a_timeout_kills_and_the_next_call_starts_anew(child):
    first = child.call(("pid",))
    began = time.monotonic()
    with pytest.raises(ChildTimeout, match=r"timeout after 0\.3 s"):
        child.call(("sleep", 60), timeout=0.3)
    assert time.monotonic() - began < 5
    assert child.call(("pid",)) != first


@posix
def test_a_hang_in_native_code_that_holds_the_gil_is_ended_too(child):
    with pytest.raises(ChildTimeout):
        child.call(("hang_holding_the_gil", 60), timeout=0.3)
    assert child.call(("echo", 1)) == 1


def test_endless_and_huge_timeouts_are_fine(child):
    assert child.call(("echo", 1), timeout=float("inf")) == 1
    assert child.call(("echo", 2), timeout=1e12) == 2


def test_death_names_the_exit_code_and_the_last_words(child):
    with pytest.raises(ChildDied) as caught:
        child.call(("exit", 3))
    assert caught.value.how == "exit code 3"
    assert caught.value.stderr == "going down"
    assert child.call(("echo", 1)) == 1


@linux
def test_death_is_seen_though_a_fork_of_the_child_goes_on(child):
    with pytest.raises(ChildDied, match="exit code 3"):  # and no timeout
        child.call(("exit_before_a_fork", 3, 60), timeout=40)
    assert child.call(("echo", 1)) == 1


@posix
def test_death_names_the_signal(child):
    with pytest.raises(ChildDied, match="killed by SIGSEGV"):
        child.call(("crash", signal.SIGSEGV))


@linux
def test_memory_beyond_the_limit_is_an_error_and_the_child_is_replaced():
    with Child(HERE, None, memory=200 * 2**20) as child:
        assert child.call(("allocate", 50 * 2**20)) == 50 * 2**20
        first = child.call(("pid",))
        with pytest.raises(ChildError, match="MemoryError"):
            child.call(("allocate", 400 * 2**20))
        assert child.call(("pid",)) != first


@linux
def test_no_more_memory_is_asked_for_than_the_system_allows(monkeypatch):
    import resource

    asked = {}
    monkeypatch.setattr(resource, "setrlimit", asked.__setitem__)
    for hard, soft in ((10, 10), (resource.RLIM_INFINITY, 30)):
        monkeypatch.setattr(resource, "getrlimit", lambda kind, most=hard: (5, most))
        webfilter.serve._limit(30)
        assert asked[resource.RLIMIT_DATA] == (soft, hard)
        assert asked[resource.RLIMIT_CORE] == (0, hard)  # what dies leaves no core


@linux
def test_tasks_that_are_too_much_together_are_not_sent_together():
    tasks = [("size", bytes(20 * 2**20))] * 6
    with Child(HERE, None, memory=100 * 2**20) as child:
        assert child.call_each(tasks) == [20 * 2**20] * 6


@linux
def test_a_task_larger_than_the_memory_limit_does_not_hang():
    task = ("echo", bytes(150 * 2**20))
    told = pytest.raises((ChildDied, ChildError), match=r"memory limit|MemoryError")
    with Child(HERE, None, memory=100 * 2**20) as child, told:
        child.call(task, timeout=30)


def test_one_bad_task_of_many_leaves_its_neighbors_alone(child):
    tasks = [("echo", 0), ("exit", 7), ("echo", 2), ("sleep", 60), ("fail",), ("echo", 5)]
    outcomes = child.call_each(tasks, timeout=1.0)
    assert [str(outcome).splitlines()[0] for outcome in outcomes] == [
        "0", "exit code 7; its last words:", "2", "timeout after 1 s",
        "ValueError: no such page", "5",
    ]  # fmt: skip


def test_a_death_counts_only_if_it_happens_in_a_fresh_child(child):
    assert child.call(("echo", 0)) == 0
    assert child.call_each([("echo", 1), ("crash_if_not_first",)]) == [1, "alone"]


def test_many_and_large_tasks_go_over_in_parts(child):
    assert child.call_each([]) == []
    tasks = [("echo", bytes([n % 256]) * 1_000_000) for n in range(12)]
    assert child.call_each(tasks) == [value for _, value in tasks]
    assert child.call_each([("echo", n) for n in range(3000)]) == list(range(3000))


@pytest.fixture(params=["polled", "threaded", "a pipe of unknown size"])
def any_child(request, monkeypatch):
    """A child as on any system."""
    if request.param == "threaded":
        threaded = webfilter.answers._Threaded
        monkeypatch.setattr(webfilter.child, "answers_of", lambda pipe, alive: threaded(pipe))
    if request.param == "a pipe of unknown size":
        monkeypatch.setattr(webfilter.child, "widen", lambda pipe: 0)
    with Child(HERE, None) as made:
        yield made


def test_tasks_of_any_size_go_over_in_order_and_ahead(any_child):
    sizes = [0, 1, 5_000_000, 10, 70_000, *[100_000] * 30, 2_000_000, 3, *[10] * 3000, 1_100_000]
    tasks = [("size", pickle.PickleBuffer(bytes(size))) for size in sizes]
    assert any_child.call_each(tasks, timeout=30) == sizes
    assert any_child.call_each(tasks[::-1], timeout=30) == sizes[::-1]


def test_large_tasks_with_large_answers_do_not_block_each_other(any_child):
    tasks = [("echo", bytes([n]) * 600_000) for n in range(12)]
    assert any_child.call_each(tasks, timeout=30) == [value for _, value in tasks]


def test_failures_among_tasks_that_were_sent_ahead(any_child):
    big = ("size", pickle.PickleBuffer(bytes(400_000)))
    tasks = [big, ("exit", 7), big, big, ("fail",), ("sleep", 60), *[big] * 9, Refuses(), big]
    outcomes = any_child.call_each(tasks, timeout=1.0)
    said = [outcome if outcome == 400_000 else type(outcome).__name__ for outcome in outcomes]
    n = 400_000
    assert said == [n, "ChildDied", n, n, "ChildError", "ChildTimeout", *[n] * 9, "ChildNotSent", n]


@posix
def test_a_hang_that_holds_the_gil_does_not_block_what_was_sent_ahead(child):
    big = ("size", pickle.PickleBuffer(bytes(900_000)))
    began = time.monotonic()
    outcomes = child.call_each([("hang_holding_the_gil", 60), *[big] * 6], timeout=0.5)
    assert time.monotonic() - began < 10
    assert isinstance(outcomes[0], ChildTimeout)
    assert outcomes[1:] == [900_000] * 6


def test_a_buffer_arrives_as_bytes_without_a_copy_of_the_pickle(child):
    value = os.urandom(300_000)
    assert child.call(("echo", pickle.PickleBuffer(value))) == value
    assert child.call(("kind", pickle.PickleBuffer(value))) == "bytes"
    assert child.call(("kind", pickle.PickleBuffer(b""))) == "bytes"


def test_a_buffer_is_sent_once_where_only_cloudpickle_will_do():
    buffers = []
    webfilter.serve.dumps((pickle.PickleBuffer(b"page"), lambda: 1), buffers)
    assert [bytes(buffer.raw()) for buffer in buffers] == [b"page"]


def test_what_the_system_takes_in_parts_arrives_as_it_was(monkeypatch):
    class Pipe:
        def __init__(self):
            self.got = bytearray()

        def fileno(self):
            return self

        def write(self, view):
            self.got += view[:3]
            return min(3, len(view))

    pieces = [b"", b"abcd", memoryview(b"efghij"), b"", b"k"]
    for at_first in range(12):

        def part(pipe, given, size=at_first):
            taken = b"".join(given)[:size]
            pipe.got += taken
            return len(taken)

        monkeypatch.setattr(os, "writev", part, raising=False)
        pipe = Pipe()
        webfilter.serve.write_all(pipe, pieces)
        assert pipe.got == b"abcdefghijk", at_first


def test_a_message_that_is_cut_is_none():
    tasks = [(b"data", [pickle.PickleBuffer(b"page")]), (b"more", [])]
    message = b"".join(webfilter.serve.pack(1.5, tasks))
    read = webfilter.serve._read_message
    assert read(io.BytesIO(message)) == (1.5, [[b"data", b"page"], [b"more"]])
    assert not any(read(io.BytesIO(message[:size])) for size in range(len(message)))


def test_a_task_of_something_that_is_not_there_is_not_done():
    what, said = webfilter.serve.answer(repr, [b"cos\nno_such_thing\n."])
    assert what == webfilter.serve.NOT_SENT
    assert pickle.loads(said)[0] == "AttributeError"


def test_an_error_that_cannot_say_what_it_is_is_told_by_its_name():
    class Silent(Exception):
        def __str__(self):
            raise ValueError

    def work(task):
        raise Silent

    what, said = webfilter.serve.answer(work, [pickle.dumps(1)])
    assert what == webfilter.serve.ERROR
    assert pickle.loads(said)[0] == "Silent"


def test_messages_are_read_ahead_where_nothing_can_wait_for_a_pipe(monkeypatch):
    left = threading.Event()
    monkeypatch.setattr(webfilter.serve, "_leave", left.set)
    ours, theirs = os.pipe()
    with open(ours, "rb", buffering=0) as reader, open(theirs, "wb", buffering=0) as writer:
        for timeout in (None, 1.5):
            webfilter.serve.write_all(writer, webfilter.serve.pack(timeout, [(b"data", [])] * 2))
        writer.close()
        inbox = queue.SimpleQueue()
        webfilter.serve._read_messages(reader, inbox)
    got = [inbox.get(timeout=1) for _ in range(3)]
    assert got == [(None, [[b"data"]] * 2), (1.5, [[b"data"]] * 2), None]
    assert left.is_set()


def test_what_cannot_be_pickled_is_that_tasks_error(child):
    tasks = [("echo", 1), Refuses(), ("lock",), ("echo", Unreadable()), ("fail",), ("echo", 2)]
    outcomes = child.call_each(tasks)
    assert [outcomes[0], outcomes[5]] == [1, 2]
    assert "cannot be pickled: not for sending" in str(outcomes[1])
    assert "the result cannot be pickled" in str(outcomes[2])
    assert "not a number" in str(outcomes[3])
    kinds = [type(outcome) for outcome in outcomes[1:5]]
    assert kinds == [ChildNotSent, ChildNotSent, ChildNotSent, ChildError]


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("no_such_module_anywhere:x", ChildError, "No module named 'no_such_module_anywhere'"),
        ("childwork:no_such_factory", ChildError, "no_such_factory"),
        ("childwork:broken", ChildError, "RuntimeError: the model file is missing"),
        ("childwork:dies_at_start", ChildNotStarted, "libfoo.so: not found"),
    ],
)
def test_a_child_that_cannot_start_says_why(target, kind, said):
    with Child(target, None) as child:
        with pytest.raises(kind, match=said):
            child.call(1, timeout=20)
        with pytest.raises(kind, match=said):
            child.call_each([1, 2, 3])


def test_modules_in_the_working_directory_are_not_taken_for_pythons(tmp_path, monkeypatch):
    for name in ("json", "types", "signal"):
        Path(tmp_path, f"{name}.py").write_text("raise SystemExit('not me')", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    with Child(HERE, None) as child:
        assert child.call(("echo", 1)) == 1


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_without_an_interpreter_a_child_cannot_start(child, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(ChildNotStarted, match="could not be started"):
        child.call(1)


def test_a_death_at_work_is_not_taken_for_one_at_the_start(child):
    with pytest.raises(ChildDied) as caught:
        child.call(("exit", 3))
    assert not isinstance(caught.value, ChildNotStarted)


def test_a_start_that_hangs_ends(monkeypatch):
    monkeypatch.setattr(webfilter.child, "_STARTUP_SECONDS", 0.3)
    with Child("time:sleep", 60) as child, pytest.raises(ChildNotStarted, match="not ready"):
        child.call(1)


def test_numeric_libraries_get_one_thread(child):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        assert child.call(("environ", name)) == "1"


def test_close_is_idempotent_and_not_final(child):
    child.close()
    child.close()
    assert child.call(("echo", 1)) == 1


@pytest.mark.parametrize("task", [("sleep", 60), ("echo", bytes(50_000_000))])
def test_a_child_at_work_is_given_up_without_waiting(child, task):
    said: list[ChildDied] = []

    def work():
        while not said:  # whatever it is at when it is given up: start, work, or between
            try:
                child.call(task)
            except ChildDied as error:
                said.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(0.3)
    began = time.monotonic()
    child.give_up()
    assert time.monotonic() - began < 20
    thread.join(20)
    assert len(said) == 1
    with pytest.raises(ChildDied, match="given up"):
        child.call(("echo", 1))


def test_a_child_given_up_while_it_starts_does_no_work(child, monkeypatch):
    starts = webfilter.child._Running.__init__

    def slow(running, hello):
        starts(running, hello)
        child.give_up()

    monkeypatch.setattr(webfilter.child._Running, "__init__", slow)
    with pytest.raises(ChildDied, match="given up"):
        child.call(("sleep", 60))


@linux
def test_an_idle_child_that_is_given_up_ends(child):
    pid = child.call(("pid",))
    child.give_up()
    child.give_up()
    assert gone(pid)


def test_calls_from_several_threads_take_turns(child):
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: got.append(child.call(("echo", n)))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(8))


def gone(pid: int, seconds: float = 6.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            if stat.rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.05)
                continue
        return True
    return False


@linux
def test_a_forgotten_child_is_closed_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        child = Child(HERE, None)
        pid = child.call(("pid",))
        del child
        assert gone(pid)


SCRIPT = """
import os, signal, sys, time, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from webfilter.child import Child
children = [Child({target!r}, None) for _ in range(2)]
print(*[child.call(("pid",)) for child in children], flush=True)
{then}
"""


def script(tmp_path: Path, then: str) -> subprocess.Popen:
    path = tmp_path / "script.py"  # no __main__ guard, on purpose
    path.write_text(SCRIPT.format(target=HERE, then=then))
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@linux
@pytest.mark.parametrize("then", ["time.sleep(60)", "children[0].call(('sleep', 60))"])
def test_children_do_not_outlive_a_killed_parent(tmp_path, then):
    with script(tmp_path, then) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        time.sleep(0.2)
        parent.kill()
        assert [gone(pid) for pid in pids] == [True, True]


@linux
def test_a_plain_script_ends_quickly_and_leaves_nothing(tmp_path):
    with script(tmp_path, "") as parent:
        out, err = parent.communicate(timeout=20)
        assert (parent.returncode, err) == (0, "")
        assert all(gone(int(pid), 0.1) for pid in out.split())


@posix
def test_an_interrupt_is_not_for_the_child(child):
    assert child.call(("interrupt",)) == "still here"


@linux
def test_ctrl_c_shows_the_parents_traceback_only(tmp_path):
    with script(tmp_path, "children[0].call(('sleep', 60))") as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        time.sleep(0.2)
        os.killpg(parent.pid, signal.SIGINT)
        _, err = parent.communicate(timeout=20)
        assert err.count("Traceback") == 1
        assert err.rstrip().endswith("KeyboardInterrupt")
        assert [gone(pid) for pid in pids] == [True, True]


MAIN = """
import sys
if {without}:
    sys.modules["cloudpickle"] = None
from webfilter.child import Child, ChildError
class Mine:
    word = "mine"
with Child("functools:partial", getattr) as child:
    try:
        print(len(child.call_each([Mine()])), flush=True)
    except ChildError as error:
        print(error)
with Child("{target}", Mine()) as child:
    try:
        print(child.call(("config",)).word)
    except ChildError as error:
        print(error)
    print(child._target)
"""


@pytest.mark.parametrize("without", [True, False])
def test_what_a_script_defines_is_sent_or_refused_with_a_hint(tmp_path, without):
    path = tmp_path / "script.py"
    path.write_text(MAIN.format(without=without, target=HERE))
    done = subprocess.run(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    if without:
        assert 'in a module, or pip install "webfilter[workers]"\n' in done.stdout
    else:
        assert "mine" in done.stdout.splitlines()


def test_a_text_that_says_main_is_not_mistaken_for_a_definition(child, monkeypatch):
    text = "if __name__ == '__main__': main()"
    assert child.call(("echo", text)) == text
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert child.call(("echo", text)) == text


@posix
def test_a_fork_of_the_parent_starts_its_own_child(child):
    before = child.call(("pid",))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 3.12 warns that threads and fork do not go together
        pid = os.fork()
    if pid == 0:
        said = []
        sys.unraisablehook = said.append
        warnings.simplefilter("error")
        try:
            code = 0 if child.call(("pid",), timeout=10) != before else 1
            child.close()
            code = 3 if said else code  # of what it has of the other's child: pipes left open
        except BaseException:
            code = 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert child.call(("pid",)) == before
