"""Figures: right numbers, named axes, legible text, equal bytes, no global state."""

import itertools
import re
from importlib.resources import files

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from sklearn.metrics import confusion_matrix as sk_confusion

from barwise.datasets import CombinatorialPurgedKFold, PurgedKFold, WalkForward
from barwise.metrics import ReliabilityCurve
from barwise.report.figures import (
    class_shares,
    column_drift,
    confusion_matrix,
    data_quality,
    drawdown,
    equity,
    feature_importance,
    importance_study,
    label_distribution,
    leaderboard,
    plot_splits,
    power_curve,
    price_with_labels_and_signals,
    recombinations,
    reliability,
    save_figure,
    score_whiskers,
    training_curves,
)
from barwise.report.figures.style import VARIABLES, inline_svg

DAY = 86_400_000_000_000


def rng():
    return np.random.default_rng(11)


def some_labels():
    counts = rng().integers(5, 4_000, (4, 3, 3))
    return label_distribution(
        counts, horizons=[5, 10, 15, 20], parts=["train", "val", "test"]
    )


def some_confusion():
    return confusion_matrix(rng().integers(0, 90_000, (3, 3)))


def some_training():
    falling = 1 / np.arange(1, 31)
    history = {"train_loss": falling, "val_loss": falling + 0.1, "val_f1": 1 - falling}
    return training_curves(history, best_epoch=12)


def some_importance():
    names = [f"a_rather_long_feature_name_{i}" for i in range(150)]
    return feature_importance(names, rng().random(150))


def some_study():
    names = [f"a_rather_long_feature_name_{i}" for i in range(30)]
    told = np.array([rng().random(30), rng().random(30) / 9, np.arange(30) < 20])
    titles = ("MDI", "MDA", "clustered MDA", "SFI", "SHAP")
    return importance_study(
        names,
        dict.fromkeys(titles, told),
        noise=dict.fromkeys(titles, 0.2),
        units=dict.fromkeys(titles, "log loss, nats"),
    )


def some_reliability():
    p = np.linspace(0.05, 0.95, 10)
    curve = ReliabilityCurve(p, p**1.2, p**1.2 - 0.1, p**1.2 + 0.1, np.arange(10) * 999)
    return reliability({"short": curve, "neutral": curve, "long": curve})


def some_drift():
    names = [f"a_rather_long_feature_name_{i}" for i in range(40)]
    psi, threshold = rng().random((2, 40))
    threshold[::7] = np.nan
    return column_drift(names, psi, threshold, psi > 2 * threshold)


def some_shares():
    share = rng().uniform(0.2, 0.5, (10, 3))
    told = np.stack([share, share - 0.05, share + 0.05], axis=2)
    times = 19_000 * DAY + np.arange(10) * 30 * DAY
    return class_shares(times, told, classes=["short", "neutral", "long"])


def some_equity():
    net = 50_000 + np.cumsum(rng().normal(0, 400, 700))
    held = 50_000 + np.cumsum(rng().normal(0, 700, 700))
    time = 19_000 * DAY + np.arange(700) * DAY
    return equity(time, net, capital=50_000.0, buy_and_hold=held)


def some_quality():
    kinds = ["duplicate", "out_of_order", "gap", "bad_tick", "negative_volume"]
    day = 19_000 + np.arange(500)
    return data_quality(
        kinds, np.array([0, 3, 120_000, 1, 0]), day, rng().integers(1, 276, 500)
    )


def some_power():
    rates = np.array([[0.0, 0.0, 0.04], [0.5, 0.3, 0.7], [0.9, 0.8, 0.97]])
    return power_curve(
        np.array([0.0, 1.0, 2.1]),
        {"verdict": rates, "without deflation": rates**0.8},
        detectable=1.8,
    )


def some_recombinations():
    inside = rng().normal(1.8, 0.6, 12_870)
    rank = rng().integers(1, 25, 12_870) / 25
    return recombinations(rank, inside, 1 - 0.6 * inside, line=(-0.6, 1.0))


def some_price():
    close = 1.1 + np.cumsum(rng().normal(0, 1e-4, 400))
    prices = np.column_stack([close, close + 2e-4, close - 2e-4, close + 1e-4])
    side = rng().integers(-1, 2, 400).astype(float)
    time = 19_000 * DAY + np.arange(400) * 300_000_000_000
    return price_with_labels_and_signals(time, prices, labels=side, signals=side)


def some_leaderboard():
    names = [f"model_number_{i}" for i in range(14)]
    value = rng().normal(0.35, 0.02, 14)
    rows = np.column_stack([value, value - 0.02, value + 0.02])
    return leaderboard(names, rows, 20 * (rows - 0.35), baseline=np.arange(14) > 9)


def some_splits():
    t = np.arange(5000)
    return plot_splits(
        CombinatorialPurgedKFold(
            6, 2, times=t, label_end_times=t + 60, purge=60, embargo=200
        )
    )


def some_whiskers():
    value = rng().normal(0.35, 0.02, 24)
    rows = np.column_stack([value, value - 0.02, value + 0.02])
    rows[3] = np.nan
    names = [f"{hour:02d}" for hour in range(24)]
    return score_whiskers(
        names, rows, beside=value - 0.01, across="Hour", label="Macro-F1"
    )


ALL = [
    some_labels,
    some_confusion,
    some_training,
    some_importance,
    some_study,
    some_reliability,
    some_drift,
    some_shares,
    some_equity,
    some_quality,
    some_power,
    some_recombinations,
    some_price,
    some_leaderboard,
    some_splits,
    some_whiskers,
]


@pytest.mark.parametrize("draw", ALL)
def test_every_panel_says_what_its_axes_are(draw):
    figure = draw()
    # Panels that share an axis name it once, at the outer edge.
    for axis in ("x", "y"):
        named = [getattr(axes, f"get_{axis}label")() for axes in figure.axes]
        ticks = [getattr(axes, f"get_{axis}ticklabels")() for axes in figure.axes]
        assert any(named) or any(t.get_text() for row in ticks for t in row)
    assert any(axes.get_xlabel() for axes in figure.axes)


@pytest.mark.parametrize("draw", ALL)
def test_equal_figures_are_equal_files(draw, tmp_path):
    for kind in ("png", "svg"):
        save_figure(draw(), tmp_path / f"one.{kind}")
        save_figure(draw(), tmp_path / f"two.{kind}")
        one = (tmp_path / f"one.{kind}").read_bytes()
        assert one == (tmp_path / f"two.{kind}").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert set(picture.info) <= {"dpi"}
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10
    assert not list(tmp_path.glob(".tmp-*"))


def tick_labels(axes):
    """Labels of the ticks that are in view, axis by axis."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        yield [
            tick.label1
            for tick in axis.get_major_ticks()
            if low <= tick.get_loc() <= high and tick.label1.get_visible()
        ]


@pytest.mark.parametrize("draw", ALL)
def test_text_stays_inside_and_tick_labels_apart(draw):
    figure = draw()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    rows = [row for axes in figure.axes for row in tick_labels(axes)]
    own = [[axes.title, axes._left_title, axes.xaxis.label] for axes in figure.axes]
    own += [[axes.yaxis.label, *axes.texts] for axes in figure.axes]
    seen = [text for row in rows + own for text in row if text.get_text()]
    for text in seen:
        box = text.get_window_extent(renderer)
        assert box.x0 > -2, text.get_text()
        assert box.y0 > -2, text.get_text()
        assert box.x1 < figure.bbox.x1 + 2, text.get_text()
        assert box.y1 < figure.bbox.y1 + 2, text.get_text()
    for row in rows:
        boxes = [text.get_window_extent(renderer) for text in row if text.get_text()]
        for one, two in itertools.combinations(boxes, 2):
            assert not one.overlaps(two)


def test_drawing_leaves_no_global_state():
    before = dict(mpl.rcParams)
    for draw in ALL:
        draw()
    assert dict(mpl.rcParams) == before
    assert not Gcf.figs


def test_the_ranks_at_or_below_the_median_are_the_probability():
    rank = np.array([0.2, 0.5, 0.5, 0.8])
    left = recombinations(rank, rank, rank, line=(np.nan, np.nan)).axes[0]
    below, above = left.containers
    assert sum(bar.get_height() for bar in below) == 75.0
    assert sum(bar.get_height() for bar in above) == 25.0
    assert all(bar.get_x() < 0.5 for bar in below if bar.get_height())
    assert all(bar.get_x() >= 0.5 for bar in above if bar.get_height())


def test_notebooks_get_a_picture():
    assert some_confusion()._repr_png_().startswith(b"\x89PNG")


def test_confusion_matrix_writes_counts_and_row_shares():
    y, said = rng().integers(-1, 2, (2, 500))
    counts = sk_confusion(y, said, labels=[-1, 0, 1])
    shares = sk_confusion(y, said, labels=[-1, 0, 1], normalize="true")
    figure = confusion_matrix(counts)
    written = [text.get_text() for text in figure.axes[0].texts]
    expected = [
        f"{c:,}\n{s:.0%}" for c, s in zip(counts.ravel(), shares.ravel(), strict=True)
    ]
    assert written == expected


def test_empty_class_does_not_divide_by_zero():
    figure = confusion_matrix(np.array([[0, 0], [3, 1]]), classes=("down", "up"))
    assert figure.axes[0].texts[0].get_text() == "0\n0%"


def test_label_shares_fill_every_bar():
    bars = [patch for patch in some_labels().axes[0].patches if patch.get_width() > 0]
    widths = {}
    for bar in bars:
        widths.setdefault(round(bar.get_y(), 6), []).append(bar.get_width())
    assert len(widths) == 12
    assert all(sum(row) == pytest.approx(100) for row in widths.values())


def test_importance_shows_the_largest_first():
    values = rng().normal(0, 1, 60)
    figure = feature_importance([f"x{i}" for i in range(60)], values, top=5)
    drawn = [patch.get_width() for patch in figure.axes[0].patches]
    largest = sorted(values, reverse=True)[:5]
    assert drawn == pytest.approx([100 * v / np.abs(values).sum() for v in largest])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"x{i}" for i in np.argsort(-values)[:5]]


def test_long_names_stay_apart():
    names = [f"a_rather_long_feature_name_{i:03d}" for i in range(20)]
    figure = feature_importance(names, np.ones(20))
    assert len({label.get_text() for label in figure.axes[0].get_yticklabels()}) == 20


def test_drawdown_is_that_of_a_slow_loop():
    net = 100 + np.cumsum(rng().normal(0, 2, 300))
    peak, expected = 100.0, []
    for value in net:
        peak = max(peak, value)
        expected.append(value / peak - 1)
    np.testing.assert_allclose(drawdown(net, 100.0), expected, rtol=0, atol=1e-15)


def test_leaderboard_marks_the_best_baseline_and_zero():
    rows = np.array([[0.40, 0.3, 0.5], [0.33, 0.3, 0.36], [0.36, 0.3, 0.4]])
    figure = leaderboard(
        ["tcn", "prior", "time_of_day"],
        rows,
        rows,
        baseline=np.array([False, True, True]),
    )
    left, right = figure.axes
    upright = [
        line.get_xdata()[0] for line in left.lines if line.get_linestyle() == "--"
    ]
    assert upright == [0.36]
    assert 0 in [line.get_xdata()[0] for line in right.lines]


def test_best_epoch_is_marked_in_every_panel():
    for axes in some_training().axes:
        upright = [line for line in axes.lines if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in upright] == [12]


def test_missing_scores_are_left_out():
    nothing = np.full((2, 3), np.nan)
    figure = leaderboard(["a", "b"], nothing, nothing, baseline=np.array([False, True]))
    assert inline_svg(figure, "x").startswith("<svg")


def test_a_dollar_sign_is_not_mathematics(tmp_path):
    figure = feature_importance(["$\\frac{", "a$b$c"], np.array([2.0, 1.0]))
    save_figure(figure, tmp_path / "dollar.svg")
    svg = (tmp_path / "dollar.svg").read_text()
    assert "$\\frac{" in svg
    assert "a$b$c" in svg


def test_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"writes \.png or \.svg, got 'x\.jpg'"):
        save_figure(some_confusion(), tmp_path / "x.jpg")


def test_every_colour_follows_the_theme():
    css = files("barwise.report").joinpath("template", "style.css").read_text("utf-8")
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)", 1)
    for colour, variable in VARIABLES.items():
        assert f"{variable}: {colour};" in light
        assert re.search(rf"{variable}: #[0-9a-f]{{6}};", dark)
    for draw in ALL:
        left = set(re.findall(r"#[0-9a-f]{6}\b", inline_svg(draw(), "x")))
        # Black is matplotlib's own default of shapes that are not drawn in ink.
        assert left <= {"#000000"}, draw.__name__


def test_ids_of_two_figures_never_meet():
    one, two = inline_svg(some_equity(), "f1"), inline_svg(some_equity(), "f2")
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg in (one, two):
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
        assert {a or b for a, b in used} == set(re.findall(r' id="([^"]+)"', svg))


def spans_of(figure):
    """Drawn (start, stop) of each colour, row by row."""
    found = {}
    for bars in figure.axes[0].collections:
        colour = (
            mpl.colors.to_hex(bars.get_facecolor()[0]) if bars.get_paths() else None
        )
        for path in bars.get_paths():
            box = path.get_extents()
            row = round((box.y0 + box.y1) / 2)
            found.setdefault((row, colour), []).append((round(box.x0), round(box.x1)))
    return found


def test_folds_are_drawn_in_order_of_time_whatever_the_order_of_rows():
    t = np.arange(100)
    shuffled = rng().permutation(t)
    for times in (t, shuffled):
        folds = PurgedKFold(5, times=times, label_end_times=times + 3, embargo=6)
        drawn = spans_of(plot_splits(folds))
        assert drawn[2, "#e69f00"] == [(40, 60)]
        assert drawn[2, "#0072b2"] == [(0, 37), (69, 100)]
        assert drawn[2, "#d55e00"] == [(37, 40), (60, 63)]
        assert drawn[2, "#8a939c"] == [(63, 69)]
    walk = WalkForward(4, times=t, label_end_times=t)
    assert spans_of(plot_splits(walk))[0, "#0072b2"] == [(0, 20)]
    assert (0, "#8a939c") not in spans_of(plot_splits(walk))


def test_a_narrow_purge_is_seen_among_many_samples():
    t = np.arange(300_000)
    drawn = spans_of(
        plot_splits(PurgedKFold(3, times=t, label_end_times=t + 5, embargo=0))
    )
    assert len(drawn[1, "#d55e00"]) == 2
