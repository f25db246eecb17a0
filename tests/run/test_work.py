"""Folders for spools: what is said where none can be made, and that the run goes on later."""

import errno
import os
import tempfile

import pytest
from toys import FirstOf, Length

from webfilter import Document, OutputError, Pipeline, read
from webfilter.run import work
from webfilter.run.work import work_folder

PIPE = Pipeline((Length(2), FirstOf()))
DOCS = [Document(str(n), f"water boils {n % 3}") for n in range(9)]


@pytest.mark.parametrize("which", range(3))
def test_a_full_disk_says_what_to_do_and_the_run_goes_on_later(tmp_path, monkeypatch, which):
    make, made = tempfile.mkdtemp, []

    def full(*args, **settings):
        made.append(args)
        if len(made) == which + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return make(*args, **settings)

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkdtemp", full)
        said = r"cannot make a work folder in '.*out.*': No space left on device; make room.* work="
        with pytest.raises(OutputError, match=said):
            PIPE.run(DOCS, out)
    assert not [path for path in out.rglob("*") if path.is_file() or path.name.startswith(".")]
    PIPE.run(DOCS, out)
    assert [doc.text for doc in read(out / "kept")] == [f"water boils {n}" for n in range(3)]


def test_what_runs_without_a_folder_says_where_its_own_come_from(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    said = "cannot make a work folder for temporary files: .*TMPDIR"
    for call in (PIPE, lambda docs: list(PIPE.kept(docs)), PIPE.fit):
        with pytest.raises(OutputError, match=said):
            call(DOCS)


def test_a_folder_that_is_worked_in_is_no_leftover(tmp_path):
    place = tmp_path / "made" / "here"
    with work_folder(place, 0.0) as first:
        with work_folder(place, 0.0) as second:
            assert first.is_dir()
            assert second.is_dir()
            assert first.parent == second.parent == place
        assert [path for path in place.iterdir() if path.is_dir()] == [first]
    assert not list(place.iterdir())


def test_what_is_left_of_a_killed_run_goes_unless_it_may_be_in_use(tmp_path, monkeypatch):
    with work_folder(tmp_path) as left:
        pass
    left.mkdir()
    os.utime(left, (0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(work, "lock", lambda folder, owner: None)  # as NFS
        with work_folder(tmp_path) as made:
            assert set(tmp_path.iterdir()) == {left, made}
    with work_folder(tmp_path):
        assert not left.exists()
