"""The words that stand beside the sign-up button, by version.

The consent record keeps the words that a reader saw. A page may lie in a cache for a
while, so the form says which version it shows. Never edit a version that was published:
add one, and it becomes the current one.
"""

WORDINGS = {
    "1": (
        "We will send you one mail to confirm your address, then The Weekly Alarm once a "
        "week and the free resources. Your address is used for nothing else and given to "
        "nobody. Every mail has a link that unsubscribes you at once."
    ),
}
CURRENT = "1"


def shown(version: str) -> str:
    """Return the words of a version; of the current one where the version is unknown."""
    return WORDINGS.get(version, WORDINGS[CURRENT])


# Beside the button of the page that the confirmation mail links to.
CONFIRM = (
    "Yes, send The Weekly Alarm to this address once a week. I can unsubscribe at any time "
    "with the link in every mail."
)
