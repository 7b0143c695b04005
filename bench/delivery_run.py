"""Deliver the started issue in this process; print what it took as JSON."""

import json
import resource
import time

import django

django.setup()

from newsletter import delivery  # noqa: E402  (the settings come first)
from newsletter.models import Issue  # noqa: E402


def main() -> None:
    issue = Issue.objects.get()
    before = time.perf_counter()
    delivery.deliver(issue.pk, seconds=24 * 3600)
    seconds = time.perf_counter() - before
    issue.refresh_from_db()
    totals = issue.totals()
    if issue.state != Issue.State.SENT or totals["sent"] != issue.recipients:
        raise SystemExit(f"not everything was sent: {issue.state} {totals}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"sent": totals["sent"], "seconds": seconds, "peak_kib": peak}))


if __name__ == "__main__":
    main()
