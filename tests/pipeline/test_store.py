"""Objects are whole or absent, and are what their name says."""

import os
import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from barwise.core.errors import BarwiseError, IntegrityError
from barwise.pipeline.store import Content, ObjectStore


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "store")


def some(rows=5):
    rng = np.random.default_rng(3)
    arrays = {
        "matrix": rng.normal(size=(rows, 3)).astype(np.float32),
        "time": np.arange(rows),
        "contract": np.array(["ESH4"] * rows),
        "flag": np.arange(rows) % 2 == 0,
    }
    return Content(arrays, {"names": ["a", "b"], "warmup": 3})


def members(store, address):
    return sorted(path.name for path in store.path(address).iterdir())


@pytest.mark.parametrize("rows", [5, 1, 0])
def test_what_goes_in_comes_out(store, tmp_path, rows):
    note = tmp_path / "model.txt"
    note.write_bytes(b"tree\n\x00")
    content = Content(some(rows).arrays, some().value, {"model.txt": note})
    read = store.get(store.put(content))
    assert set(read.arrays) == set(content.arrays)
    for name, array in content.arrays.items():
        assert read.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(read.arrays[name], array)
    assert read.value == content.value
    assert read.files["model.txt"].read_bytes() == b"tree\n\x00"


def test_address_depends_on_content_alone(store, tmp_path):
    address = store.put(some())
    other = ObjectStore(tmp_path / "other")
    assert other.put(some()) == address == store.put(some())
    fortran = {name: np.asfortranarray(a) for name, a in some().arrays.items()}
    assert store.put(Content(fortran, some().value)) == address


def test_every_part_changes_the_address(store, tmp_path):
    base = some()
    file = tmp_path / "f"
    file.write_bytes(b"1")
    renamed = {("t" if k == "time" else k): v for k, v in base.arrays.items()}
    wider = base.arrays | {"time": base.arrays["time"].astype(np.float64)}
    others = [
        Content(renamed, base.value),
        Content(wider, base.value),
        Content(base.arrays, {"names": []}),
        Content(base.arrays, base.value, {"f": file}),
    ]
    addresses = {store.put(content) for content in [base, *others]}
    assert len(addresses) == 5


def test_arrays_are_mapped_and_read_only(store):
    read = store.get(store.put(some()))
    assert isinstance(read.arrays["matrix"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        read.arrays["matrix"][0, 0] = 1.0


def test_npy_files_are_numpys_own_format(store):
    address = store.put(some())
    loaded = np.load(store.path(address) / "array-matrix.npy", allow_pickle=False)
    np.testing.assert_array_equal(loaded, some().arrays["matrix"])


def test_object_arrays_are_refused(store):
    with pytest.raises(ValueError, match="without pickle"):
        store.put(Content({"x": np.array([{}], dtype=object)}))
    assert not list(store.folder.rglob("*.npy"))


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a" * 200, "x\n"])
def test_names_cannot_leave_the_object(store, name):
    with pytest.raises(ValueError, match="names in the store"):
        store.put(Content({name: np.zeros(1)}))


@pytest.mark.parametrize("address", ["", "../../etc", "A" * 64, "0" * 63])
def test_addresses_cannot_leave_the_store(store, address):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        store.get(address)


def test_absent_object_names_the_way_out(store):
    with pytest.raises(IntegrityError, match="not in the store") as caught:
        store.get("0" * 64)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("name", ["array-matrix.npy", "value.json", "manifest.json"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_flipped_bit_is_found(store, name, place):
    address = store.put(some())
    path = store.path(address) / name
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError) as caught:
        store.get(address)
    told = str(caught.value)
    assert address in told
    assert f"{name} was changed" in told
    assert f"remove the folder {store.path(address)} and run again" in told


def test_missing_and_foreign_files_are_found(store):
    address = store.put(some())
    (store.path(address) / "array-time.npy").unlink()
    with pytest.raises(IntegrityError, match=r"array-time\.npy"):
        store.get(address)
    foreign = store.put(Content(value=1))
    (store.path(foreign) / "extra").write_text("x")
    with pytest.raises(IntegrityError, match="extra"):
        store.get(foreign)


def test_putting_the_content_again_heals_a_damaged_object(store):
    address = store.put(some())
    (store.path(address) / "value.json").write_text("{}")
    assert store.put(some()) == address
    assert store.get(address).value == some().value


def test_the_way_out_works(store):
    import shutil

    address = store.put(some())
    (store.path(address) / "value.json").unlink()
    shutil.rmtree(store.path(address))
    assert address not in store
    assert store.put(some()) == address


def test_full_disk_leaves_nothing(store, monkeypatch):
    def full(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BarwiseError, match="the disk is full"):
        store.put(some())
    monkeypatch.undo()
    assert list(store.folder.rglob("*")) == []


def test_failing_rename_leaves_nothing(store, monkeypatch):
    monkeypatch.setattr(
        os, "rename", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only"))
    )
    with pytest.raises(BarwiseError, match="cannot be written; choose another one"):
        store.put(some())
    monkeypatch.undo()
    assert not [path for path in store.folder.rglob("*") if path.is_file()]


def test_file_size_limit_in_the_middle_of_a_write(tmp_path):
    """A real write error of the operating system, part of the array being on disk."""
    code = """
        import signal, sys
        from pathlib import Path
        import numpy as np
        from barwise.core.errors import BarwiseError
        from barwise.pipeline.store import Content, ObjectStore
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = ObjectStore(Path(sys.argv[1]))
        try:
            store.put(Content({"x": np.zeros(1_000_000)}))
        except BarwiseError as problem:
            print(problem)
            sys.exit(problem.exit_code)
    """
    limit = 100_000
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "store")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "cannot write" in done.stdout
    assert "File too large" in done.stdout
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_sweep_removes_what_killed_writers_left(store):
    address = store.put(some())
    left = store.folder / ".tmp-abc"
    left.mkdir()
    (left / "array-x.npy").write_bytes(b"half")
    assert store.sweep() == 1
    assert not left.exists()
    assert store.get(address).value == some().value


def test_sweep_of_a_store_that_is_not_there(store):
    assert store.sweep() == 0
