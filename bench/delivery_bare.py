"""Send the same messages with smtplib alone; print the time and the bytes as JSON."""

import json
import smtplib
import sys
import time

import django

django.setup()

from django.utils import timezone  # noqa: E402  (the settings come first)

from newsletter.mail import rendering as mail  # noqa: E402  (likewise)
from newsletter.mail.traces import envelope_sender  # noqa: E402  (likewise)
from newsletter.models import Content  # noqa: E402  (likewise)
from subscribers.models import Subscriber  # noqa: E402  (likewise)


def main(port: int, count: int) -> None:
    template = mail.MessageTemplate(bytes(Content.objects.get().mime))
    subscribers = Subscriber.objects.order_by("pk").values_list("pk", "address", "key")[:count]
    messages = [
        (
            address,
            template.for_recipient(
                address=address, message_id=mail.message_id(pk, 1), key=key, date=timezone.now()
            ),
        )
        for pk, address, key in subscribers
    ]
    sender = envelope_sender()
    before = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for address, message in messages:
            server.sendmail(sender, [address], message)
    seconds = time.perf_counter() - before
    print(json.dumps({"sent": count, "seconds": seconds, "bytes": len(messages[0][1])}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
