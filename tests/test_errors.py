import errno
import os
import re

import pytest

from webfilter import errors


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"[│ ]*[├└]── (\w+)", errors.__doc__)
    assert {*drawn, "WebfilterError", "because"} == set(errors.__all__)
    for name in drawn:
        assert issubclass(getattr(errors, name), errors.WebfilterError)
    for name, base in re.findall(r"── (\w+) .*\(also an? (\w+)\)", errors.__doc__):
        assert issubclass(getattr(errors, name), __builtins__[base])


@pytest.mark.parametrize("known", [[], ["alpha"], ["alpha", "beta"]])
def test_an_unknown_name_always_says_what_is_known_or_near(known):
    said = str(errors.UnknownName("stage", "xyz", known))
    assert "known: " in said
    assert all(name in said for name in known)
    assert errors.UnknownName("stage", "alpa", ["alpha"]).near == "alpha"


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ENOSPC, "; make room there"),
        (errno.EDQUOT, "; make room there"),
        (errno.EROFS, "; give a place that you may write to"),
        (errno.EACCES, "; give a place that you may write to"),
        (errno.EPERM, "; give a place that you may write to"),
        (errno.EIO, ""),
    ],
)
def test_what_a_system_refuses_is_told_with_what_to_do(number, fix):
    error = OSError(number, os.strerror(number))
    assert errors.because(error) == os.strerror(number) + fix
    assert errors.because(error, "ask again") == f"{os.strerror(number)}; ask again"
    assert errors.because(ValueError()) == "ValueError"
    assert errors.because(ValueError("no such place")) == "no such place"
