"""One process at a time."""

import os
import subprocess
import sys
import textwrap

import pytest

from barwise.core.errors import BarwiseError, LockedError
from barwise.pipeline.lock import locked

HOLD = """
    import sys
    from pathlib import Path
    from barwise.pipeline.lock import locked
    with locked(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_second_process_is_told_who_has_it(tmp_path, holder):
    with pytest.raises(LockedError) as caught, locked(tmp_path):
        pass
    assert caught.value.exit_code == 6
    assert f"in use by process {holder.pid} on " in str(caught.value)
    assert "wait until it has finished" in str(caught.value)


def test_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with locked(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / ".lock").read_text()


def test_lock_of_a_finished_process_is_free(tmp_path, holder):
    holder.communicate("done\n")
    assert holder.returncode == 0
    with locked(tmp_path):
        pass


def test_lock_is_free_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    with locked(tmp_path):
        pass


def test_other_folders_are_not_held(tmp_path):
    with locked(tmp_path / "a"), locked(tmp_path / "b"):
        assert (tmp_path / "a" / ".lock").exists()


def test_same_process_cannot_take_it_twice(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(LockedError, match=f"process {os.getpid()}"),
        locked(tmp_path),
    ):
        pass


@pytest.mark.usefixtures("holder")
def test_holder_that_has_not_written_its_name(tmp_path):
    (tmp_path / ".lock").write_text("")
    with (
        pytest.raises(LockedError, match="in use by another process"),
        locked(tmp_path),
    ):
        pass


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(BarwiseError, match="choose a folder"),
        locked(tmp_path / "file" / "x"),
    ):
        pass
