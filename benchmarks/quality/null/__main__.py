"""Count false alarms: ``python -m benchmarks.quality.null [--write] [KEPT]``.

Judges simulated markets without an edge, honestly and naively, and prints how often
each way calls one significant. KEPT is a file of finished markets, one JSON line each:
with it the command goes on where it stopped. ``--write`` also writes docs/honesty.md and
docs/images/null.png. Exit code 1 if an honest way (walk-forward, alone or deflated) has more
false alarms than its level allows.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.quality.null.market import Judged, judge
from benchmarks.quality.null.page import HONEST, IMAGE, PAGE, as_page, draw, rates

MARKETS = 200
FIRST_SEED = 1000


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--write"]
    kept = Path(words[0]) if words else None
    found = {} if kept is None or not kept.exists() else _read(kept)
    for seed in range(FIRST_SEED, FIRST_SEED + MARKETS):
        if seed in found:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found[seed] = judge(Path(folder), seed)
        if kept is not None:
            with kept.open("a") as file:
                file.write(json.dumps({"seed": seed} | asdict(found[seed])) + "\n")
        print(seed, found[seed], file=sys.stderr, flush=True)
    judged = [found[seed] for seed in sorted(found)]
    for name, rate in rates(judged).items():
        print(f"{name:10s} {rate.value:6.1%} [{rate.low:.1%}, {rate.high:.1%}]")
    if "--write" in sys.argv[1:]:
        PAGE.write_text(as_page(judged), "utf-8")
        draw(judged, IMAGE)
    return int(any(rates(judged)[name].low > 0.05 for name in HONEST))


def _read(kept: Path) -> dict[int, Judged]:
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    return {line.pop("seed"): Judged(**line) for line in lines}


if __name__ == "__main__":
    sys.exit(main())
