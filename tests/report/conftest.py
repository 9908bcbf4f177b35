"""A realistic report made from a random walk, scored by scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from barwise.metrics import Interval, ReliabilityCurve
from barwise.report import (
    Candles,
    DataSummary,
    Equity,
    Evidence,
    Finding,
    LabelSummary,
    LabelTrack,
    ModelResult,
    Part,
    Report,
    Signals,
)

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
BARS_A_DAY = 78
CLASSES = (-1, 0, 1)
NAMES = ("short", "neutral", "long")
COST = 0.6


def session_times(days):
    """Close times of 5-minute bars, 13:30 to 20:00 UTC on weekdays from 2024-01-01."""
    first = np.datetime64("2024-01-01", "D")
    dates = first + np.arange(days * 7 // 5 + 3)
    weekdays = (
        dates[np.is_busday(dates)][:days].astype("datetime64[ns]").astype(np.int64)
    )
    inside = (13 * 60 + 35 + 5 * np.arange(BARS_A_DAY)) * MINUTE
    return (weekdays[:, None] + inside).reshape(-1)


def walk(rng, days):
    time = session_times(days)
    step = rng.normal(0, 2.2, (len(time), 4))
    path = 5200 + np.cumsum(step.reshape(-1)).reshape(-1, 4)
    opened = np.r_[5200.0, path[:-1, -1]]
    rows = np.round(np.column_stack([opened, path]) * 4) / 4
    shape = 900 + 2600 * np.linspace(-1, 1, BARS_A_DAY) ** 2
    volume = np.round(np.tile(shape, days) * rng.gamma(6, 1 / 6, len(time)))
    return Candles(
        time, rows[:, 0], rows.max(axis=1), rows.min(axis=1), rows[:, -1], volume, 0.25
    )


def direction(candles, horizon):
    ahead = np.full(len(candles.close), 0.0)
    ahead[:-horizon] = candles.close[horizon:] - candles.close[:-horizon]
    width = 4.4 * np.sqrt(horizon)
    return np.where(ahead > 0.6 * width, 1, np.where(ahead < -0.6 * width, -1, 0))


def scores(y, p, returns):
    said = np.array(CLASSES)[p.argmax(axis=1)]
    hot = (y[:, None] == np.array(CLASSES)).astype(float)
    daily = returns.reshape(-1, BARS_A_DAY).sum(axis=1)
    account = 50_000 + np.cumsum(daily)
    wins, losses = returns[returns > 0].sum(), -returns[returns < 0].sum()
    touched = y != 0
    return {
        "classification": {
            "accuracy": sk.accuracy_score(y, said),
            "macro_f1": sk.f1_score(y, said, average="macro", zero_division=0),
            "weighted_f1": sk.f1_score(y, said, average="weighted", zero_division=0),
            "per_class_f1": dict(
                zip(
                    NAMES,
                    sk.f1_score(y, said, average=None, labels=CLASSES, zero_division=0),
                    strict=True,
                )
            ),
            "confusion_matrix": sk.confusion_matrix(y, said, labels=CLASSES),
            "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", labels=CLASSES),
            "touch_auc": sk.roc_auc_score(y[touched], p[touched, 2] - p[touched, 0]),
            "log_loss": sk.log_loss(y, p, labels=CLASSES),
            "brier": float(((p - hot) ** 2).sum(axis=1).mean()),
            "ece": float(abs(p.max(axis=1).mean() - (said == y).mean())),
        },
        "trading": {
            "sharpe_ratio": float(daily.mean() / daily.std() * 252**0.5)
            if daily.std()
            else float("nan"),
            "annualized_return": float(daily.mean() * 252 / 50_000),
            "max_drawdown": float((account / np.maximum.accumulate(account) - 1).min()),
            "win_rate": float((returns > 0).sum() / max((returns != 0).sum(), 1)),
            "profit_factor": float(wins / losses) if losses else float("nan"),
            "num_trades": int((returns != 0).sum()),
        },
        "training": {"epochs_trained": 24, "best_epoch": 9, "early_stopped": True},
    }


def curve(p, hit):
    edges = np.linspace(0, 1, 11)
    bins = np.clip(np.digitize(p, edges) - 1, 0, 9)
    count = np.bincount(bins, minlength=10)
    mean = np.bincount(bins, p, minlength=10) / np.maximum(count, 1)
    seen = np.bincount(bins, hit, minlength=10) / np.maximum(count, 1)
    half = 1.96 * np.sqrt(seen * (1 - seen) / np.maximum(count / 12, 1))
    return ReliabilityCurve(mean, seen, seen - half, seen + half, count)


def around(value, half):
    return Interval(value, value - half, value + half, 0.95, 5, 2_000)


def intervals(metrics):
    return {
        "macro_f1": around(metrics["classification"]["macro_f1"], 0.013),
        "sharpe_ratio": around(metrics["trading"]["sharpe_ratio"], 1.4),
    }


def trade(candles, said):
    moved = np.r_[np.diff(candles.close), 0.0]
    turned = np.abs(np.diff(np.r_[0, said])) > 0
    return np.where(said != 0, 5 * said * moved - COST * turned, 0.0)


def result(rng, model, horizon, y, candles, skill):
    noise = rng.normal(0, 0.5, (len(y), 3))
    noise += skill * (y[:, None] == np.array(CLASSES))
    p = np.exp(noise) / np.exp(noise).sum(axis=1, keepdims=True)
    said = np.array(CLASSES)[p.argmax(axis=1)]
    metrics = scores(y, p, trade(candles, said))
    prior = np.bincount(y + 1, minlength=3) / len(y)
    shared = np.random.default_rng(horizon)
    jitter = shared.dirichlet(prior * 4, len(y))
    lasting = np.full((len(y), 3), 0.05) + 0.85 * (
        np.roll(y, horizon)[:, None] == np.array(CLASSES)
    )
    naive = {
        "prior": scores(y, jitter, np.zeros(len(y))),
        "previous_label": scores(
            y, lasting, trade(candles, np.array(CLASSES)[lasting.argmax(axis=1)])
        ),
        "time_of_day": scores(y, shared.dirichlet(prior * 9, len(y)), np.zeros(len(y))),
        "always_long": scores(
            y, np.tile([0.1, 0.2, 0.7], (len(y), 1)), trade(candles, np.ones(len(y)))
        ),
    }
    daily = trade(candles, said).reshape(-1, BARS_A_DAY).sum(axis=1)
    held = 5 * (candles.close[BARS_A_DAY - 1 :: BARS_A_DAY] - candles.close[0])
    epochs = np.arange(24)
    net = model == "lstm"
    return ModelResult(
        model,
        horizon,
        {**metrics, "baselines": naive},
        intervals(metrics),
        {name: intervals(m) for name, m in naive.items()},
        samples=len(y),
        effective_samples=len(y) / horizon,
        deflated_sharpe=0.41,
        history={
            "train_loss": 1.1 - 0.09 * (1 - np.exp(-epochs / 6)),
            "stop_loss": 1.1 - 0.04 * (1 - np.exp(-epochs / 4)) + 0.0012 * epochs,
            "train_f1": 0.33 + 0.1 * (1 - np.exp(-epochs / 8)),
            "stop_f1": 0.33 + 0.03 * (1 - np.exp(-epochs / 5)),
        }
        if net
        else {},
        importance={}
        if net
        else {
            f"{stem}_{n}": float(v)
            for (stem, n), v in zip(
                [(s, n) for s in FEATURES for n in (5, 14, 50)],
                rng.gamma(0.7, 1, 3 * len(FEATURES)),
                strict=True,
            )
        },
        reliability={
            name: curve(p[:, k], y == c)
            for k, (name, c) in enumerate(zip(NAMES, CLASSES, strict=True))
        },
        equity=Equity(
            candles.time[BARS_A_DAY - 1 :: BARS_A_DAY],
            50_000 + np.cumsum(daily),
            50_000 + held,
            50_000.0,
            "USD",
        ),
        signals=Signals(candles.time, said, p.max(axis=1)),
    )


FEATURES = (
    "rsi",
    "atr",
    "bb_width",
    "macd_signal",
    "minutes_to_close",
    "wavelet_close_energy_d2",
    "volume_ratio",
    "garman_klass",
    "ema_distance",
    "log_return",
)


def make_report(
    days=130, models=("lightgbm", "lstm", "voting"), horizons=(5, 20), **more
):
    """Build a whole report; nothing in it knows the future of the walk."""
    rng = np.random.default_rng(7)
    candles = walk(rng, days)
    labels = {h: direction(candles, h) for h in horizons}
    results = [
        result(rng, model, h, labels[h], candles, 0.02 + 0.03 * k)
        for h in horizons
        for k, model in enumerate(models)
    ]
    cuts = [0, int(0.7 * len(candles.time)), int(0.85 * len(candles.time))]
    spans = [*zip(cuts, [*cuts[1:], len(candles.time)], strict=True)]
    parts = dict(zip(("train", "val", "test"), spans, strict=True))
    day, per_day = np.unique(candles.time // DAY, return_counts=True)
    per_day[len(day) // 3] = 41
    settings = {
        "symbol": "MES",
        "session": "RTH",
        "labels": {"horizons": list(horizons), "upper": 1.5, "lower": 1.0},
        "split": {"train": 0.7, "val": 0.15, "purge_bars": 60},
        "models": list(models),
        "seed": 42,
    }
    fields = {
        "title": "MES, 5-minute bars: signals at two horizons",
        "symbol": "MES",
        "simulated": False,
        "scored_on": "pooled walk-forward predictions of the validation part",
        "interval_method": "stationary block bootstrap over session days, 2,000 draws",
        "data": DataSummary(
            source="MES_1m.parquet",
            raw_rows=5 * len(candles.time) + 212,
            bars=len(candles.time),
            interval="5 min",
            session="RTH",
            prices="trade",
            first=int(candles.time[0]),
            last=int(candles.time[-1]),
            findings=[
                Finding("duplicate", 14, "drop", "rows 2011-2024"),
                Finding("out_of_order", 0, "drop"),
                Finding("gap", 193, "ffill", "first at 2024-01-15 18:02 UTC"),
                Finding("bad_tick", 5, "repair", "rows 8102, 9031, 9032, 11873, 20011"),
                Finding("high_below_low", 0, "error"),
            ],
            parts=[
                Part(n, int(candles.time[a]), int(candles.time[b - 1]), b - a)
                for n, (a, b) in parts.items()
            ],
            day=day,
            bars_per_day=per_day,
            notes=["Volume is that of the front contract."],
        ),
        "labels": [
            LabelSummary(
                h,
                "+1.5 / -1.0 ATR(14)",
                {
                    n: {
                        name: int((labels[h][a:b] == c).sum())
                        for name, c in zip(NAMES, CLASSES, strict=True)
                    }
                    for n, (a, b) in parts.items()
                },
                ambiguous=0.012,
                cost_fragile=0.07,
            )
            for h in horizons
        ],
        "results": results,
        "candles": candles,
        "label_tracks": [
            LabelTrack(
                h,
                candles.time[:-h],
                labels[h][:-h],
                candles.time[h:],
            )
            for h in horizons
        ],
        "evidence": Evidence(48, 11.3, 1, 0.46, "False-alarm rate 2 % [0 %, 5 %]."),
        "chosen_horizon": horizons[-1],
        "settings": settings,
        "provenance": {"barwise": "0.1.0", "config_sha256": "5f" * 32},
    }
    return Report(**{**fields, **more})


@pytest.fixture(scope="session")
def report():
    return make_report(days=70, models=("lightgbm", "lstm"))


@pytest.fixture(scope="session")
def build_report():
    return make_report
