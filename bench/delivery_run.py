"""Deliver the started issue in this process; print the time and the memory as JSON."""

import json
import re
import resource
import threading
import time
from pathlib import Path

import django

django.setup()

from newsletter.delivery import worker  # noqa: E402  (the settings come first)
from newsletter.models import Issue  # noqa: E402  (likewise)

SAMPLE_SECONDS = 0.1


class PrivateMemory(threading.Thread):
    """Measures the peak of this process's private memory, from /proc/self/status (proc(5)).

    The peak of getrusage() also counts the mapped pages of the SQLite file. They grow with the
    table, and the kernel can free them at any time.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self._over = threading.Event()

    def run(self) -> None:
        while True:
            found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
            self.peak_kib = max(self.peak_kib, int(found[1]) if found else 0)
            if self._over.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> int:
        self._over.set()
        self.join()
        return self.peak_kib


def main() -> None:
    issue = Issue.objects.get()
    memory = PrivateMemory()
    memory.start()
    before = time.perf_counter()
    worker.deliver(issue.pk, seconds=24 * 3600)
    seconds = time.perf_counter() - before
    private = memory.stop()
    issue.refresh_from_db()
    totals = issue.totals()
    if issue.state != Issue.State.SENT or totals["sent"] != issue.recipients:
        raise SystemExit(f"not everything was sent: {issue.state} {totals}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {"seconds": seconds, "peak_kib": peak, "private_kib": private}
    print(json.dumps({"sent": totals["sent"], **figures}))


if __name__ == "__main__":
    main()
