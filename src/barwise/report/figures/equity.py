"""What an account would have become after costs, and how far it fell."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures.style import (
    HALF,
    LONG,
    MUTED,
    SHORT,
    date_axis,
    dress,
    new_figure,
    styled,
    utc,
)


@styled
def equity(
    time: np.ndarray,
    net: np.ndarray,
    *,
    capital: float,
    buy_and_hold: np.ndarray | None = None,
) -> Figure:
    """Draw the net account beside buy-and-hold, with its drawdown below.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Nanoseconds UTC at which the account was marked.
    net : ndarray of float, shape (n,)
        Account value after costs, in the account's currency.
    capital : float
        Value at the start, in the same currency; both lines are drawn as a change
        from it.
    buy_and_hold : ndarray of float, shape (n,), optional
        Value of the same capital held long all the time.

    Returns
    -------
    Figure
        Change in percent above, drawdown in percent of the peak below.

    Examples
    --------
    >>> import numpy as np
    >>> day = 86_400_000_000_000
    >>> time = np.arange(3) * day
    >>> figure = equity(time, np.array([100.0, 110.0, 99.0]), capital=100.0)
    >>> float(figure.axes[1].lines[0].get_ydata()[-1])
    -10.0
    """
    figure = new_figure(3.9, width=HALF)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    dates = utc(time)
    dress(upper)
    dress(lower)
    upper.axhline(0, color=MUTED, linewidth=0.8)
    if buy_and_hold is not None:
        held = 100 * (np.asarray(buy_and_hold) / capital - 1)
        upper.plot(dates, held, color=MUTED, linestyle="--", linewidth=1.2)
        upper.lines[-1].set_label("buy and hold")
    upper.plot(dates, 100 * (np.asarray(net) / capital - 1), color=LONG)
    upper.lines[-1].set_label("model, after costs")
    upper.set_ylabel("Change (%)")
    handles, labels = upper.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    fall = drawdown(np.asarray(net, dtype=np.float64), capital)
    lower.plot(dates, 100 * fall, color=SHORT, linewidth=1)
    lower.fill_between(dates, 100 * fall, 0, color=SHORT, alpha=0.25, linewidth=0)
    lower.set_ylabel("Drawdown (%)")
    date_axis(lower)
    return figure


def drawdown(net: np.ndarray, capital: float) -> np.ndarray:
    """Return the fall from the highest value so far, 0 or negative.

    Parameters
    ----------
    net : ndarray of float, shape (n,)
        Account values.
    capital : float
        Value before the first of them; it counts as a peak.

    Returns
    -------
    ndarray of float, shape (n,)
        Fraction of the peak.

    Examples
    --------
    >>> import numpy as np
    >>> drawdown(np.array([90.0, 120.0, 60.0]), 100.0)
    array([-0.1,  0. , -0.5])
    """
    peak = np.maximum.accumulate(np.maximum(net, capital))
    return net / peak - 1
