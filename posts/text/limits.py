"""How long a text may be, and how somebody is told that one is longer."""

from django.core.exceptions import ValidationError


def refuse_longer(text: str, longest: int) -> None:
    """Raise ValidationError for a text of more than so many characters; say how long it is."""
    if len(text) > longest:
        raise ValidationError(
            f"This text is {len(text):,} characters long, and at most {longest:,} can be kept. "
            "Shorten it and save again; until then all of it stays in this form.",
            code="max_length",
        )
