"""How gunicorn serves the site; it reads this file by itself, and WEB_CONCURRENCY too."""

import os

bind = [f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"]
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
# Workers share the code's memory, and a missing setting ends the start with its one line.
preload_app = True
# It would write into the home directory, which a service has none of.
control_socket_disable = True
