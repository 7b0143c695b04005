"""What a pasted or imported text has lost, and the sentences that tell its writer."""

from __future__ import annotations

from dataclasses import dataclass, field

# Kind of loss -> the sentence for one and for several, and what to do. The editor says the same.
SENTENCES: dict[str, tuple[str, str, str]] = {
    "picture": (
        "1 picture could not be taken over",
        "{n} pictures could not be taken over",
        "Save it to your computer and upload it here.",
    ),
    "film": ("1 film is now a link", "{n} films are now links", ""),
    "sound": ("1 recording is now a link", "{n} recordings are now links", ""),
    "embed": ("1 embedded page is now a link", "{n} embedded pages are now links", ""),
    "lost": (
        "1 embedded thing could not be taken over",
        "{n} embedded things could not be taken over",
        "Link to the page that has it.",
    ),
    "comment": ("1 comment was left out", "{n} comments were left out", ""),
    "deletion": (
        "1 passage marked as deleted was left out",
        "{n} passages marked as deleted were left out",
        "",
    ),
    "drawing": (
        "1 drawing was left out",
        "{n} drawings were left out",
        "Save it as a picture and upload that.",
    ),
    "formula": ("1 formula was left out", "{n} formulas were left out", "Write it in words."),
    "control": ("1 form field was left out", "{n} form fields were left out", ""),
    "script": ("1 script was left out", "{n} scripts were left out", ""),
    "link": (
        "1 link led nowhere and is plain text now",
        "{n} links led nowhere and are plain text now",
        "",
    ),
}
NAMES_SHOWN = 5
LONGEST_NAME = 60


@dataclass
class Losses:
    """What could not be kept: for each kind the names of the things, or empty names."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str = "") -> None:
        self.found.setdefault(kind, []).append(" ".join(name.split())[:LONGEST_NAME])

    def sentences(self) -> list[str]:
        """Return a sentence for each kind, with the names of the things."""
        sentences = []
        for kind, (one, several, advice) in SENTENCES.items():
            names = self.found.get(kind, [])
            if not names:
                continue
            sentence = one if len(names) == 1 else several.replace("{n}", str(len(names)))
            named = list(dict.fromkeys(filter(None, names)))
            shown = [f"“{name}”" for name in named[:NAMES_SHOWN]]
            shown += ["…"] if len(named) > NAMES_SHOWN else []
            sentence += f": {', '.join(shown)}." if shown else "."
            sentences.append(f"{sentence} {advice}".strip())
        return sentences
