"""What a spam filter says of each kind of mail, by its rules alone: nothing bad."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import parts
from tests.newsletter.every_mail import receive_each
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db
# What it found in our mails once, where the preheader had the colour of the paper.
WHITE_ON_WHITE = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html\r\n\r\n"
    b'<html><body bgcolor="#ffffff"><p style="color:#ffffff">hidden words</p></body></html>\r\n'
)
SCORE = re.compile(
    r"^X-Spam-Status: .*?\bscore=(-?[0-9.]+) .*?\btests=(.*?)\bautolearn", re.M | re.S
)


def scores(mails: list[bytes], folder: Path) -> list[tuple[float, str]]:
    """Return SpamAssassin's points for each mail, and the rules that gave them; no network."""
    box = folder / "mails.mbox"
    lines = [b"From hello@example.org Sun Nov 22 12:00:00 2026\n" + mail for mail in mails]
    box.write_bytes(b"\n".join(mail.replace(b"\r\n", b"\n") for mail in lines))
    found = subprocess.run(
        [parts.spamassassin(), "--local", "--nocreate-prefs", "--mbox",
         "--cf=use_bayes 0", "--cf=use_auto_welcomelist 0", str(box)],
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )  # fmt: skip
    return [(float(score), rules) for score, rules in SCORE.findall(found.stdout.decode("latin-1"))]


def test_no_mail_gets_a_point(mail_server: MailServer, example_org: None, tmp_path: Path) -> None:
    mails = {kind: mail.raw for kind, mail in receive_each(mail_server).items()}
    *found, control = scores([*mails.values(), WHITE_ON_WHITE], tmp_path)
    bad = {kind: said for kind, said in zip(mails, found, strict=True) if said[0] > 0}
    assert bad == {}
    assert control[0] > 0, "the filter sees nothing at all"
    assert "HTML_FONT_LOW_CONTRAST" in control[1]
