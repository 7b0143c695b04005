"""`python -m bench [web] [delivery] [million] [search] [desk] [--quick]`: all by default."""

import os
import sys

from bench import delivery, desk, million, search, web
from bench.scratch import BelowTarget, Missing

PARTS = {
    "web": web.main,
    "delivery": delivery.main,
    "million": million.main,
    "search": search.main,
    "desk": desk.main,
}


def main(names: list[str]) -> int:
    if "--quick" in names:
        os.environ["BENCH_QUICK"] = "on"
        names = [name for name in names if name != "--quick"]
    for name in names or list(PARTS):
        if name not in PARTS:
            print(f"There is no benchmark {name!r}: choose from {', '.join(PARTS)}.")
            return 2
        try:
            PARTS[name]()
        except (Missing, BelowTarget) as why:
            print(f"{name}: {why}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
