"""Leaks that stand in a config, or in the files that it names."""

import numpy as np

from barwise.bars.simulate import simulate_bars
from barwise.core.arrays import HOUR, MINUTE
from benchmarks.quality.leaks.lab import NAMES, Lab


def stamped_with_the_open(lab: Lab):
    """The source stamps bars with their open, and the config says close."""
    raw = lab.raw
    return lab.config(raw.with_columns(time=raw.open_time))


def clock_of_another_zone(lab: Lab):
    """UTC stamps that are read as New York's."""
    return lab.config(data={"timezone": "America/New_York"})


def clock_changed_a_week_late(lab: Lab):
    """One week of a source runs an hour ahead: the other country's daylight saving."""
    raw = lab.raw
    days = (raw.time - raw.time[0]) // (24 * HOUR)
    late = (days >= 6) & (days < 11)
    return lab.config(raw.with_columns(time=raw.time + late * HOUR))


def interpolated_gaps(lab: Lab):
    """Missing bars are drawn straight to the next real one."""
    return lab.config(data={"gaps": "interpolate"})


def other_bars_stamped_with_their_open(lab: Lab):
    """Hourly bars of a table, counted from their open on."""
    return lab.with_table(lab.hourly.open_time, lab.hourly.close)


def hourly_bars_as_they_form(lab: Lab):
    """The final close of an hour, counted from half an hour before it."""
    return lab.with_table(lab.hourly.time - 30 * MINUTE, lab.hourly.close)


def next_bars_return_in_a_table(lab: Lab):
    """Signals of a vendor, made with the bar that follows."""
    change = np.append(np.diff(np.log(lab.bars.close)), 0.0)
    return lab.with_table(lab.bars.time, change)


def daily_figure_without_its_lag(lab: Lab):
    """A daily close under its date alone, without the delay of its publication."""
    days, last = np.unique(lab.bars.time // (24 * HOUR), return_index=True)
    del last
    close = [lab.bars.close[lab.bars.time // (24 * HOUR) == day][-1] for day in days]
    path = lab.folder / "daily.csv"
    dates = days.astype("datetime64[D]").astype(str)
    lines = [f"{date},{value}" for date, value in zip(dates, close, strict=True)]
    path.write_text("\n".join(["date,close", *lines]))
    table = {"name": "daily", "path": path, "known_at": "date", "columns": ["close"]}
    return lab.config(external=[table], features={"names": [*NAMES, "ext_daily_close"]})


def daily_close_known_at_midnight(lab: Lab):
    """The day's close, counted from the first minute of the day on."""
    raw = simulate_bars("MES", days=40, seed=12)
    number = raw.time // (24 * HOUR)
    days = np.unique(number)
    close = np.array([raw.close[number == day][-1] for day in days])
    return lab.with_table(days * 24 * HOUR + MINUTE, close, raw)


def revised_figures(lab: Lab):
    """Figures of a statistics office as revised a month later, under their first date."""
    rng = np.random.default_rng(5)
    known = lab.hourly.time[::24]
    return lab.with_table(known, np.round(rng.normal(2.0, 0.3, len(known)), 1))


def label_lagged_too_little(lab: Lab):
    """The label of three bars ago, of which it takes ten to know it."""
    return lab.config(features={"names": [*NAMES, f"lag_3_label_h{10}"]})


def stopped_by_validation(lab: Lab):
    """Training stops by the part that is scored."""
    choice = {"name": "lightgbm", "config": {"early_stopping_on": "validation"}}
    return lab.config(models=[choice])


def purge_below_the_horizon(lab: Lab):
    """No bars are left out between the parts."""
    return lab.config(split={"purge": 0})


def column_of_a_users_file(lab: Lab):
    """A user's own feature looks one bar ahead."""
    path = lab.folder / "mine.py"
    path.write_text(
        "import barwise as bw\n\n\n@bw.frame_feature(lookback=50)\n"
        'def ahead(frame):\n    """Return."""\n'
        '    return frame["close"].pct_change().shift(-1).fillna(0.0)\n'
    )
    return lab.config(features={"own": path, "names": [*NAMES, "ahead"]})


CONFIGS = (
    stamped_with_the_open,
    clock_of_another_zone,
    clock_changed_a_week_late,
    interpolated_gaps,
    other_bars_stamped_with_their_open,
    hourly_bars_as_they_form,
    next_bars_return_in_a_table,
    daily_figure_without_its_lag,
    daily_close_known_at_midnight,
    revised_figures,
    label_lagged_too_little,
    stopped_by_validation,
    purge_below_the_horizon,
    column_of_a_users_file,
)
