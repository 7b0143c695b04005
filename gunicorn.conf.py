"""How gunicorn serves the site; it reads this file by itself. PORT and WEB_CONCURRENCY count too."""

import os

bind = [f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"]
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
# Workers share the code's memory, and a missing setting ends the start with its one line.
preload_app = True
# Behind a proxy on the same machine; another one is named in FORWARDED_ALLOW_IPS.
max_requests = 2000
max_requests_jitter = 200
