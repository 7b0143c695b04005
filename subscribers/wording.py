"""The consent text beside the sign-up button, by version.

The consent record stores the text that a reader saw. A cached page may show an older version, so
the form says which one it shows. Never edit a published version: add a new one and set CURRENT.
"""

WORDINGS = {
    "1": (
        "We will send you one mail to confirm your address, then The Weekly Alarm once a "
        "week and the free resources. Your address is used for nothing else and given to "
        "nobody. Every mail has a link that unsubscribes you at once."
    ),
}
CURRENT = "1"


def text_of(version: str) -> str:
    """Return the text of a version, or of the current one if the version is unknown."""
    return WORDINGS.get(version, WORDINGS[CURRENT])


# The text beside the button of the page to which the confirmation mail links.
CONFIRM = (
    "Yes, send The Weekly Alarm to this address once a week. I can unsubscribe at any time "
    "with the link in every mail."
)
