"""Run scenarios: ``python -m benchmarks.quality``, or some: ``... zero-1 leak-1``.

Prints what each model and baseline made of each market, and whether that is what the
known truth asks for. Exit code 1 if one scenario fails.
"""

import sys
import tempfile
from pathlib import Path

from barwise.metrics import Interval
from barwise.testing.known_markets import Judgement
from benchmarks.quality.scenarios import SCENARIOS, Scenario


def main() -> int:
    known = {scenario.id: scenario for scenario in SCENARIOS}
    wanted = sys.argv[1:] or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no scenario {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    passed = [show(known[name]) for name in wanted]
    print(f"\n{sum(passed)} of {len(passed)} scenarios pass")
    return 0 if all(passed) else 1


def show(scenario: Scenario) -> bool:
    print(
        f"\n== {scenario.id}: {scenario.truth}; {scenario.days} sessions of MES, "
        f"seed {scenario.seed}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        judged, best = scenario.run(Path(folder))
    print(
        f"{'':15s} {'macro-F1':>22s} {'less best baseline':>24s} {'touch AUC':>22s} "
        f"{'Sharpe after costs':>24s}"
    )
    for one in judged:
        print(row(one))
    print(f"{'possible':15s} {'':22s} {'':24s} {best:7.3f}")
    for one in judged:
        if one.over_baseline is not None:
            print(f"verdict on {one.name}, were nothing to deflate: {one.reading}")
    wrong = scenario.fails({one.name: one for one in judged})
    print(f"{'FAIL' if wrong else 'PASS'} {scenario.id} {'; '.join(wrong)}", flush=True)
    return not wrong


def row(one: Judgement) -> str:
    over = one.over_baseline
    return (
        f"{one.name:15s} {written(one.macro_f1, 3):>22s} "
        f"{'(baseline)' if over is None else written(over, 3):>24s} "
        f"{written(one.touch_auc, 3):>22s} {written(one.sharpe, 1):>24s}"
    )


def written(interval: Interval, places: int) -> str:
    if interval.value != interval.value:
        return "-"
    text = f"{interval.value:.{places}f}"
    if interval.lower != interval.lower:
        return text
    return f"{text} [{interval.lower:.{places}f}, {interval.upper:.{places}f}]"


if __name__ == "__main__":
    sys.exit(main())
