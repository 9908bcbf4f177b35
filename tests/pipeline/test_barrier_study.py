"""The journal of a study of barriers: cut short, and damaged."""

import numpy as np
import pytest

from barwise.core.errors import IntegrityError
from barwise.pipeline.barrier_study import BarrierStudy
from barwise.pipeline.barrier_trial import TrainingSpan, Verdict


def judged(choice):
    return Verdict(
        score=choice.upper - choice.lower,
        sharpe=choice.upper - choice.lower,
        trades=50,
        net=1.0,
        imbalance=0.0,
        ambiguous=0.0,
        shares=(0.3, 0.3, 0.4),
        samples=100,
        feasible=True,
    ), None


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Run a study of a span that answers at once, to so many trials."""
    monkeypatch.setattr(TrainingSpan, "judge", lambda _, choice: judged(choice))
    span = object.__new__(TrainingSpan)

    def run(name, trials):
        return BarrierStudy(tmp_path / name, [5, 20], seed=7).run(
            span, trials, jobs=1, record=lambda *_: None, notify=lambda _: None
        )

    return run


def test_a_line_that_was_not_finished_is_written_anew(study, tmp_path):
    whole = study("whole", 6)
    written = (tmp_path / "whole").read_bytes()
    for place in np.random.default_rng(0).integers(1, len(written), 10):
        (tmp_path / "cut").write_bytes(written[:place])
        assert study("cut", 6) == whole
        (tmp_path / "cut").unlink()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:3], *lines[4:]],
        lambda lines: [*lines[:10], *lines[11:]],
        lambda lines: [line.replace(b"trades", b"trides") for line in lines],
        lambda lines: [*lines, b"null\n"],
        lambda lines: [*lines, b"[1]\n"],
        lambda lines: [*lines, b"not JSON\n"],
        lambda _: [b'{"op_code": 99, "worker_id": "x"}\n'],
    ],
)
def test_a_damaged_journal_says_so(study, tmp_path, change):
    study("journal", 3)
    lines = (tmp_path / "journal").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal").write_bytes(b"".join(change(lines)))
    with pytest.raises(IntegrityError, match="journal is damaged"):
        study("journal", 3)
