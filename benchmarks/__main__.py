"""Run every benchmark: ``python -m benchmarks``; or some: ``python -m benchmarks labels``."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    known = [
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name.startswith("bench_")
    ]
    wanted = [f"bench_{name}" for name in sys.argv[1:]] or known
    for name in wanted:
        print(f"\n== {name.removeprefix('bench_')}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
