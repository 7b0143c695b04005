"""How the time that something takes grows with the size of what it is given."""

import time
from collections.abc import Callable


def growth[Given](
    work: Callable[[Given], object], make: Callable[[int], Given], size: int
) -> float:
    """Return how much longer `work` takes for four times the size; the least of a few tries.

    About 4 says that its time grows with the size, 16 with its square. Of the processor's time,
    so other programs hardly change it.
    """
    found = []
    for _ in range(6):
        spent = []
        for each in (size, 4 * size):
            given = make(each)
            before = time.process_time()
            work(given)
            spent.append(time.process_time() - before)
        found.append(spent[1] / max(spent[0], 1e-6))
        if found[-1] < 7:
            break
    return min(found)
