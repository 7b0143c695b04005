"""What a rule found: how grave it is, what to say about it, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

# An error would hurt readers, and keeps an article from being published. A warning informs.
ERROR, WARNING = "error", "warning"
LONGEST_QUOTE = 80  # characters


@dataclass(frozen=True)
class Place:
    """Where something stands in the form of an article.

    `field` is the name of a field of the form. In the body, `block` is the number of the paragraph,
    heading, item or cell in the order of the text, from 0, `label` what people call it, `text` the
    exact text to look for, and `picture` the address of a picture instead.
    """

    field: str
    block: int | None = None
    label: str = ""
    text: str = ""
    picture: str = ""

    @property
    def quote(self) -> str:
        """The text that was found, short enough for a list."""
        text = self.text
        return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


@dataclass(frozen=True)
class Finding:
    """Something that a rule found. `hint` says what to do about it, `action` names the jump."""

    rule: str
    level: str
    message: str
    place: Place
    hint: str = ""
    action: str = "Go there"
    # What the database itself refuses cannot be overridden by anybody.
    may_be_overridden: bool = True

    @property
    def is_error(self) -> bool:
        return self.level == ERROR

    @property
    def sentence(self) -> str:
        """All of it in one text, for a list of errors without jumps."""
        label = f"{self.place.label}: " if self.place.label else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{label}{self.message}{hint}"
