"""Run benchmarks: ``python -m benchmarks`` the quick ones, or some by name, or ``all``."""

import importlib
import pkgutil
import sys

import benchmarks

SLOW = {"scaling", "cold", "exact"}
"""Minutes each: only by name."""


def main() -> None:
    known = [
        module.name.removeprefix("bench_")
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name.startswith("bench_")
    ]
    asked = sys.argv[1:]
    unknown = set(asked) - set(known) - {"all"}
    if unknown:
        sys.exit(
            f"no benchmark {', '.join(unknown)}; there are all, {', '.join(known)}"
        )
    wanted = known if "all" in asked else asked or [n for n in known if n not in SLOW]
    for name in wanted:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.bench_{name}").main()


if __name__ == "__main__":
    main()
