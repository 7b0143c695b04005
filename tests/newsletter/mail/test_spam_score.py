"""The SpamAssassin score of each kind of mail, by its local rules."""

import mailbox
import re
import subprocess
from pathlib import Path

import pytest

from tests import parts
from tests.newsletter.mail.every_mail import EVERY_KIND, receive_each
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db
# A mail that SpamAssassin must object to: text in the colour of the background.
WHITE_ON_WHITE = (
    b"From: a@example.org\r\nTo: control@psap.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html\r\n\r\n"
    b'<html><body bgcolor="#ffffff"><p style="color:#ffffff">hidden words</p></body></html>\r\n'
)
STATUS = re.compile(r"score=(-?[0-9.]+) .*?tests=(.*?)autolearn", re.DOTALL)


def scores(mails: list[bytes], folder: Path) -> dict[str, tuple[float, str]]:
    """Return SpamAssassin's points for each mail, and the rules that gave them, by recipient.

    It uses no network and no Bayes database.
    """
    box, judged = folder / "mails.mbox", folder / "judged.mbox"
    box.write_bytes(
        b"\n".join(
            b"From hello@example.org Sun Nov 22 12:00:00 2026\n" + mail.replace(b"\r\n", b"\n")
            for mail in mails
        )
    )
    found = subprocess.run(
        [parts.spamassassin(), "--local", "--nocreate-prefs", "--mbox",
         "--cf=use_bayes 0", "--cf=use_auto_welcomelist 0", str(box)],
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )  # fmt: skip
    judged.write_bytes(found.stdout)
    said = {}
    # The order of the mails is not kept.
    for message in mailbox.mbox(judged):
        status = STATUS.search(message["X-Spam-Status"])
        assert status is not None
        said[message["To"]] = (float(status[1]), status[2])
    return said


def test_no_mail_has_a_positive_spam_score(
    mail_server: MailServer, example_org: None, tmp_path: Path
) -> None:
    mails = [mail.raw for mail in receive_each(mail_server).values()]
    found = scores([*mails, WHITE_ON_WHITE], tmp_path)
    score, rules = found.pop("control@psap.example")
    assert score > 0, "the filter reports nothing at all"
    assert "HTML_FONT_LOW_CONTRAST" in rules
    assert set(found) == {f"{kind}@psap.example" for kind in EVERY_KIND}
    assert {kind: said for kind, said in found.items() if said[0] > 0} == {}
