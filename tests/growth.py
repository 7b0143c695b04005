"""How the time that something takes grows with the size of what it is given."""

import gc
import time
from collections.abc import Callable

TRIES = 6


def growth[Given](
    work: Callable[[Given], object], make: Callable[[int], Given], size: int
) -> float:
    """Return how much longer `work` takes for four times the size.

    About 4 says that its time grows with the size, 16 with its square. Only this thread's time on
    the processor counts, and of each size the shortest of a few tries that take turns: what else
    the machine does can lengthen a try, and never shortens one.
    """
    shortest = {size: float("inf"), 4 * size: float("inf")}
    ratio = float("inf")
    for _ in range(TRIES):
        for each, known in shortest.items():
            given = make(each)
            gc.disable()
            try:
                before = time.thread_time()
                work(given)
                shortest[each] = min(known, time.thread_time() - before)
            finally:
                gc.enable()
        ratio = shortest[4 * size] / max(shortest[size], 1e-6)
        if ratio < 7:
            break
    return ratio
