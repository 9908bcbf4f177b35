"""Enough samples for so many columns: the figures, and where they are told."""

import numpy as np
import pytest

from barwise.datasets import SampleRatio, check_dataset


@pytest.mark.parametrize(
    ("effective", "columns", "level", "said"),
    [
        (2000, 100, "fine", "20.0 to 1"),
        (1999, 100, "warning", "over the least of 10, under the 20 that are safe"),
        (1000, 100, "warning", "over the least of 10"),
        (999, 100, "warning", "under the least of 10; take 49 columns or fewer"),
        (100, 100, "warning", "1.0 to 1: under the least"),
        (99, 100, "error", "fewer than one a column"),
        (50_000, 100, "fine", ""),
        (50_000, 101, "warning", "more than the 100 that so many samples bear"),
        (75_000, 150, "fine", ""),
        (100_000, 201, "warning", "more than the 200"),
        (200_000, 400, "fine", ""),
        (500_000, 500, "fine", ""),
        (9_000_000, 501, "warning", "more than the 500"),
    ],
)
def test_the_figures(effective, columns, level, said):
    ratio = SampleRatio(2 * effective, float(effective), columns)
    assert ratio.level == level
    assert said in str(ratio)
    fits = SampleRatio(2 * effective, float(effective), ratio.columns_that_fit)
    assert fits.level == "fine"


def test_labels_that_overlap_count_once(build, table):
    rows = len(table.times)
    sound = check_dataset(build(table))
    assert sound.ratio.effective == sound.ratio.samples == len(build(table).y_train)
    crowded = check_dataset(build(table, uniqueness=np.full(rows, 0.02)))
    ratio = crowded.ratio
    assert ratio.effective == pytest.approx(0.02 * ratio.samples)
    (finding,) = [f for f in crowded.findings if f.check == "samples"]
    assert finding.level == "warning"
    assert "5 columns on" in finding.message
    assert "features.prune_correlated" in finding.message
    assert crowded.ready
    hopeless = check_dataset(build(table, uniqueness=np.full(rows, 0.001)))
    assert not hopeless.ready
    assert "not ready" in str(hopeless)
