"""Messages per second into smtp-sink, and the memory of the worker.

The worker with its ledger is compared with a plain smtplib loop, which sends the same bytes over
one connection and stores nothing.
"""

import json
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.scratch import BelowTarget, free_port, installation, python, tool, wait_for

FEW, MANY = 1_000, 100_000
# The plain loop makes its messages first and keeps them in memory; this many are enough to measure.
BARE_AT_MOST = 10_000
# A worker's memory must not grow with the recipients. The rest is tolerance for measuring.
MEMORY_RATIO = 1.2


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Run Postfix's smtp-sink, which accepts everything and keeps nothing; yield its port."""
    port = free_port()
    command = [tool("smtp-sink", "postfix")]
    if os.geteuid() == 0:
        command += ["-u", pwd.getpwuid(65534).pw_name]
    # smtp-sink changes into its queue directory, so it gets a folder of its own.
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        os.chmod(folder, 0o755)
        sink = subprocess.Popen([*command, f"127.0.0.1:{port}", "200"], cwd=folder)
        try:
            wait_for(port, sink)
            yield port
        finally:
            sink.terminate()
            sink.wait()


def main() -> None:
    results = []
    with smtp_sink() as port:
        for recipients in (FEW, MANY):
            with installation(SMTP_URL=f"smtp://127.0.0.1:{port}") as env:
                python(env, "bench.delivery_setup", str(recipients))
                run = json.loads(python(env, "bench.delivery_run"))
                bare = json.loads(
                    python(
                        env, "bench.delivery_bare", str(port), str(min(recipients, BARE_AT_MOST))
                    )
                )
                results.append((recipients, run, bare))
    print("\nDelivery: one worker, one connection, SQLite, into smtp-sink\n")
    print("                                                                       peak MiB")
    print("  recipients   bytes each   bare smtplib/s   with ledger/s   ratio   private   resident")
    for recipients, run, bare in results:
        rate, bare_rate = run["sent"] / run["seconds"], bare["sent"] / bare["seconds"]
        print(
            f"  {recipients:10,}   {bare['bytes']:10,}   {bare_rate:14,.0f}   {rate:13,.0f}   "
            f"{rate / bare_rate:5.2f}   {run['private_kib'] / 1024:7.1f}   "
            f"{run['peak_kib'] / 1024:8.1f}"
        )
    few, many = (run["private_kib"] for _, run, _ in results)
    ratio = many / few
    print(f"\n  private memory, {MANY:,} recipients / {FEW:,} recipients: {ratio:.2f}")
    print("  (resident counts the mapped part of the SQLite file as well)")
    print(f"  (the bare smtplib loop sends {BARE_AT_MOST:,} messages at most)")
    if ratio > MEMORY_RATIO:
        raise BelowTarget(
            f"a worker's private memory at {MANY:,} recipients is {ratio:.2f} times that at "
            f"{FEW:,}; it may be {MEMORY_RATIO} times."
        )


if __name__ == "__main__":
    main()
