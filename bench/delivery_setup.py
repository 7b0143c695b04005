"""Fill a scratch installation with subscribers and an issue whose delivery is started."""

import sys

import django

django.setup()

from bench.delivery_acts import fill  # noqa: E402  (the settings come first)

if __name__ == "__main__":
    fill(int(sys.argv[1]))
