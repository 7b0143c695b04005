"""Settings of gunicorn, which reads this file by itself. The values come from the environment."""

import gc

from alarmroom.environment import Environment

env = Environment()
address = env.host("HOST", "127.0.0.1", "an address of this machine, such as 127.0.0.1 or [::]")
bind = [f"{address}:{env.port('PORT', 8000)}"]
worker_class = "gthread"
workers = env.number("WEB_CONCURRENCY", 2, least=1)
threads = env.number("WEB_THREADS", 4, least=1)
env.stop_if_wrong()
# The workers share the memory of the code, and a wrong setting stops the start with one line.
preload_app = True
# In bytes: gunicorn's maximum, which is also what nginx lets through.
limit_request_line = 8190
# No header may set SCRIPT_NAME or PATH_INFO. Some proxies do, but here any visitor could.
forwarder_headers = ""
# The control socket is made in the home directory, and a service has none.
control_socket_disable = True


def when_ready(server: object) -> None:
    """Exclude the objects that exist now from garbage collection: they live as long as the process.

    This runs before the workers are forked, so that the collector does not write to the memory
    that they share (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    gc.collect()
    gc.freeze()
