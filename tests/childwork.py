"""Callables for child processes in tests; a module of its own, as importing pytest is slow."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time


def actor(config):
    """Return a callable that does what a task says; runs in the child."""
    seen: list[object] = []

    def act(task):
        what, *args = task
        seen.append(what)
        return getattr(Acts, what)(config, seen, *args)

    return act


class Acts:
    """What a task can ask for."""

    def echo(config, seen, value):
        return value

    def config(config, seen):
        return config

    def seen(config, seen):
        return len(seen)

    def pid(config, seen):
        return os.getpid()

    def environ(config, seen, name):
        return os.environ.get(name)

    def sleep(config, seen, seconds):
        time.sleep(seconds)

    def hang_holding_the_gil(config, seen, seconds):
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))

    def exit(config, seen, code):
        os.write(2, b"going down\n")
        os._exit(code)

    def exit_before_a_fork(config, seen, code, seconds):
        if os.fork() == 0:
            time.sleep(seconds)
            os._exit(0)
        os._exit(code)

    def sys_exit(config, seen):
        sys.exit(3)

    def crash(config, seen, number):
        os.kill(os.getpid(), number)
        time.sleep(5)

    def interrupt(config, seen):
        os.kill(os.getpid(), signal.SIGINT)
        return "still here"

    def kind(config, seen, value):
        return type(value).__name__

    def size(config, seen, value):
        return len(value)

    def crash_if_not_first(config, seen):
        if len(seen) > 1:
            os._exit(9)
        return "alone"

    def allocate(config, seen, size):
        return len(bytearray(size))

    def fail(config, seen):
        raise ValueError("no such page")

    def chatter(config, seen, size):
        sys.stdout.write("p" * size)
        sys.stderr.write("e" * size)
        sys.stderr.flush()
        os.write(1, b"w" * size)
        subprocess.run([sys.executable, "-c", "print('from a grandchild')"], check=True)
        return "still in step"

    def read_stdin(config, seen):
        return sys.stdin.read()

    def lock(config, seen):
        return threading.Lock()


def broken(config):
    raise RuntimeError("the model file is missing")


def dies_at_start(config):
    os.write(2, b"libfoo.so: not found\n")
    os._exit(4)
