import json
import shutil

import numpy as np
import pytest

from barwise.core.errors import ConfigError, IntegrityError
from barwise.datasets import (
    DatasetSettings,
    PreparationSettings,
    SealedError,
    TestSeal,
    load_container,
    save_container,
)


@pytest.fixture
def data(build, table):
    settings = DatasetSettings(
        preparation=PreparationSettings(scaler="standard", passthrough=("x2",)),
        known=("x1",),
    )
    segments = (np.arange(2000) >= 700).astype(np.int64)
    return build(table, segments=segments, settings=settings)


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_loaded_is_what_was_saved(data, tmp_path):
    save_container(data, tmp_path / "set")
    seal = TestSeal(tmp_path / "openings.jsonl")
    back = load_container(tmp_path / "set", seal=seal)
    for part in ("train", "val"):
        for mine, theirs in zip(
            data.get_sklearn_arrays(part), back.get_sklearn_arrays(part), strict=True
        ):
            assert mine.dtype == theirs.dtype
            assert mine.tobytes() == theirs.tobytes()
    windows, _, _ = back.get_pytorch_sequences("train", 20)
    batch = data.get_pytorch_sequences("train", 20)[0][:64]
    np.testing.assert_array_equal(windows[:64], batch)
    assert back.samples("train").roles == data.samples("train").roles
    assert back.split.removed == data.split.removed
    assert back.split.boundaries == data.split.boundaries
    assert back.dropped == data.dropped
    assert repr(back) == repr(data)
    assert back.configuration == data.configuration
    with pytest.raises(SealedError):
        _ = back.X_test
    assert len(back.open_test(reason="a test")[1]) == len(data.split.test)


def test_the_matrix_is_mapped_not_read(data, tmp_path):
    save_container(data, tmp_path / "set")
    base = load_container(tmp_path / "set").frame.matrix
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_saving_twice_gives_the_same_bytes(data, tmp_path):
    save_container(data, tmp_path / "a")
    save_container(data, tmp_path / "b")
    save_container(load_container(tmp_path / "a"), tmp_path / "c")
    assert files(tmp_path / "a") == files(tmp_path / "b") == files(tmp_path / "c")
    save_container(data, tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_another_data_set_is_not_overwritten(data, build, table, tmp_path):
    save_container(data, tmp_path / "set")
    before = files(tmp_path / "set")
    with pytest.raises(ConfigError, match="holds something else"):
        save_container(build(table), tmp_path / "set")
    assert files(tmp_path / "set") == before


def test_a_changed_byte_names_its_file(data, tmp_path):
    save_container(data, tmp_path / "set")
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "set").iterdir()):
        whole = path.read_bytes()
        for place in (0, len(whole) - 1, int(rng.integers(len(whole)))):
            broken = bytearray(whole)
            broken[place] ^= 1
            path.write_bytes(broken)
            with pytest.raises(IntegrityError, match=path.name):
                load_container(tmp_path / "set")
        path.write_bytes(whole)
    load_container(tmp_path / "set")


def test_a_missing_file_is_named(data, tmp_path):
    save_container(data, tmp_path / "set")
    (tmp_path / "set" / "label.npy").unlink()
    with pytest.raises(IntegrityError, match=r"label\.npy"):
        load_container(tmp_path / "set")
    shutil.rmtree(tmp_path / "set")
    with pytest.raises(ConfigError, match="no data set in"):
        load_container(tmp_path / "set")


def test_no_file_holds_pickled_objects(data, tmp_path):
    save_container(data, tmp_path / "set")
    for path in (tmp_path / "set").glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype.kind in "fib"
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert set(manifest["files"]) == {p.name for p in (tmp_path / "set").glob("*.npy")}
