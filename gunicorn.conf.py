"""How gunicorn serves the site; it reads this file by itself, and the variables of `.env` here."""

import gc

from alarmroom.environment import Environment

env = Environment()
address = env.host("HOST", "127.0.0.1", "an address of this machine, such as 127.0.0.1 or [::]")
bind = [f"{address}:{env.port('PORT', 8000)}"]
worker_class = "gthread"
workers = env.number("WEB_CONCURRENCY", 2, least=1)
threads = env.number("WEB_THREADS", 4, least=1)
env.stop_if_wrong()
# Workers share the code's memory, and a missing setting ends the start with its one line.
preload_app = True
# Of a request, in bytes: the most that gunicorn takes, and as much as nginx lets through.
limit_request_line = 8190
# What names the folder that a site stands in, to proxies of some; here, a stranger might.
forwarder_headers = ""
# It would write into the home directory, which a service has none of.
control_socket_disable = True


def when_ready(server: object) -> None:
    """Keep the collector from what lives as long as the process: it is looked at no more.

    Before workers are forked, so none of it is copied into each of them either
    (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    gc.collect()
    gc.freeze()
