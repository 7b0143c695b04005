"""The consent text beside the sign-up button, by version.

The consent record stores the text that a reader saw. A cached page may show an older version, so
the form says which one it shows. WORDINGS are those that the site came with: never edit one. What
editors write instead, under Settings, is kept for ever too, under a version made of the words
themselves (alarmroom/publication/models.py).
"""

from alarmroom.facts import facts, version_of
from alarmroom.publication.models import SignUpWords

WORDINGS = {
    "1": (
        "We will send you one mail to confirm your address, then The Weekly Alarm once a "
        "week and the free resources. Your address is used for nothing else and given to "
        "nobody. Every mail has a link that unsubscribes you at once."
    ),
}
CURRENT = "1"
LENGTH = 16  # of a version made of words


def current() -> tuple[str, str]:
    """Return the version and the text that stand beside the button now."""
    words = facts().sign_up_words
    return (version_of(words), words) if words else (CURRENT, WORDINGS[CURRENT])


def text_of(version: str) -> str:
    """Return the text of a version, or of the current one if the version is unknown."""
    now, words = current()
    if version == now:
        return words
    if version in WORDINGS:
        return WORDINGS[version]
    if len(version) != LENGTH or not version.isalnum():
        return words
    kept = SignUpWords.objects.filter(version=version).first()
    return kept.text if kept else words


# The text beside the button of the page to which the confirmation mail links.
CONFIRM = (
    "Yes, send The Weekly Alarm to this address once a week. I can unsubscribe at any time "
    "with the link in every mail."
)
