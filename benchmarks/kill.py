"""Kill ``barwise run`` again and again: ``python -m benchmarks.kill --times 20``.

Each time a fresh run is ended by SIGKILL at another moment, run again, and compared
with a run that was left in peace: every stored object, every file of the run folders
but ``provenance.json``, the report but its provenance. Exit code 1 if any byte differs,
a finished step was repeated, anything incomplete was visible, or anything was left over.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.testing.artefacts import artefacts
from barwise.testing.kills import Kill, kill_and_rerun, kill_times, run_command

CONFIG = "run.yaml"
EARLIER = 0.93
SMALL = """
symbol: MES
data: {path: mes.parquet, label: close}
features: {set: neural_optimal}
labels: {horizons: [5, 10]}
models:
  - logistic
  - {name: lightgbm, config: {max_rounds: 40}}
  - {name: lstm, config: {hidden_size: 8, layers: 1, sequence_length: 16, max_epochs: 3}}
"""


def main() -> int:
    asked = arguments()
    with tempfile.TemporaryDirectory() as place:
        return kill_all(Path(place), asked)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20, help="kills")
    parser.add_argument(
        "--config", type=Path, help="YAML file of a run; else a small one"
    )
    parser.add_argument("--data", type=Path, help="bars instead of the config's own")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = parser.parse_args()
    if asked.times < 1:
        parser.error(f"--times must be 1 or more, got {asked.times}")
    return asked


def settings(asked: argparse.Namespace, place: Path) -> dict:
    """The config with the place of its data, writing into the working folder."""
    yaml = YAML(typ="safe")
    base = Path.cwd() if asked.config is None else asked.config.resolve().parent
    made = yaml.load(SMALL if asked.config is None else asked.config.read_text())
    path = made["data"]["path"]
    if asked.data is not None:
        path = asked.data.resolve()
    elif asked.config is None:
        path = place / path
        write_bars(simulate_bars("MES", days=20, signal=0.2, seed=1), path)
    made["data"]["path"] = str(base / path)
    made.pop("output", None)
    return made


def kill_all(place: Path, asked: argparse.Namespace) -> int:
    made = settings(asked, place)
    peace = fresh(place / "peace", made)
    took = [
        run_command(fresh(place / "warm", made), CONFIG),
        run_command(peace, CONFIG),
    ]
    seconds = min(took)  # on a busy machine a moment behind the end kills nothing
    whole = artefacts(peace / "experiments")
    print(f"left in peace: {seconds:.1f} s, {len(whole)} artefacts", flush=True)
    kills: list[Kill] = []
    for number, delay in enumerate(
        kill_times(seconds, asked.times, seed=asked.seed), 1
    ):
        kills.append(kill_once(place, made, number, delay, whole))
        print(line(number, kills[-1]), flush=True)
    good = [kill for kill in kills if kill.recovered]
    print(closing(kills, len(whole)))
    return 0 if len(good) == len(kills) else 1


def kill_once(place: Path, made: dict, number: int, delay: float, whole: dict) -> Kill:
    """Kill a fresh run; where it is over before, another one a little earlier."""
    while True:
        folder = fresh(place / f"kill-{number}-{delay:.3f}", made)
        kill = kill_and_rerun(folder, CONFIG, folder / "experiments", delay, whole)
        if not kill.ended:
            return kill
        delay = EARLIER * kill.delay


def fresh(folder: Path, made: dict) -> Path:
    folder.mkdir()
    with (folder / CONFIG).open("w") as file:
        YAML(typ="safe").dump(made, file)
    return folder


def line(number: int, kill: Kill) -> str:
    text = (
        f"{number:3d}  killed at {kill.delay:6.2f} s: {kill.steps} steps, {kill.runs} "
        f"runs, {kill.reports} reports, {kill.drafts} drafts behind it; "
    )
    if kill.recovered:
        return text + "run again: same bytes"
    trouble = {
        "foreign": kill.foreign,
        "repeated": kill.repeated,
        "different": kill.different,
        "left": kill.left,
    }
    return text + "; ".join(f"{k}: {', '.join(v)}" for k, v in trouble.items() if v)


def closing(kills: list[Kill], artefacts_compared: int) -> str:
    good = sum(kill.recovered for kill in kills)
    partway = sum(kill.steps > 0 and not kill.reports for kill in kills)
    drafts = sum(kill.drafts > 0 for kill in kills)
    return (
        f"{len(kills)} kills, {good} recovered: the same {artefacts_compared} artefacts "
        f"byte for byte, no finished step repeated, nothing left over "
        f"({partway} between the first step and the report, {drafts} inside a write)"
    )


if __name__ == "__main__":
    sys.exit(main())
