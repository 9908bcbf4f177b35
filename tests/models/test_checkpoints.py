"""Checkpoints are whole, checked, and few."""

import pytest

from barwise.core.errors import BarwiseError, ConfigError, IntegrityError
from barwise.models.fitting.checkpoints import CheckpointManager

FILES = {"weights": b"\x00\x01"}


def test_best_few_and_the_last_stay(tmp_path):
    manager = CheckpointManager(tmp_path, keep_top_k=2, context={"scaler": [1.5]})
    for epoch, score in enumerate([0.5, 0.4, 0.9, 0.45, 0.4, 0.8], start=1):
        manager.save(epoch, score, {"fit": "x"}, FILES)
    assert [one.epoch for one in manager.stored()] == [2, 5, 6]
    assert [one.epoch for one in manager.top()] == [2, 5]
    assert manager.best().epoch == 2
    assert manager.last().epoch == 6
    assert {path.name for path in tmp_path.iterdir()} == {
        "epoch-0002",
        "epoch-0005",
        "epoch-0006",
    }
    facts, files = manager.best().read()
    assert (facts["context"], facts["score"], files) == ({"scaler": [1.5]}, 0.4, FILES)


def test_an_empty_folder_has_none(tmp_path):
    manager = CheckpointManager(tmp_path / "none")
    assert manager.best() is manager.last() is None
    assert manager.stored() == []


def test_a_changed_file_is_noticed(tmp_path):
    manager = CheckpointManager(tmp_path)
    stored = manager.save(1, 0.5, {}, FILES)
    (stored.path / "weights").write_bytes(b"\x00\x02")
    with pytest.raises(IntegrityError, match="SHA-256"):
        stored.read()


def test_leftovers_of_a_killed_writer_are_not_read(tmp_path):
    (tmp_path / ".tmp-abc-epoch-0001").mkdir()
    assert CheckpointManager(tmp_path).stored() == []


def test_an_epoch_is_not_overwritten_by_another(tmp_path):
    manager = CheckpointManager(tmp_path)
    manager.save(1, 0.5, {}, FILES)
    manager.save(1, 0.5, {}, FILES)
    with pytest.raises(BarwiseError, match="already holds something else"):
        manager.save(1, 0.5, {}, {"weights": b"other"})


def test_at_least_one_is_kept(tmp_path):
    with pytest.raises(ConfigError, match="keep_top_k"):
        CheckpointManager(tmp_path, keep_top_k=0)
