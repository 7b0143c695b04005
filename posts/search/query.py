"""Reads what was typed into the search field: words, "phrases", -excluded words.

Whatever is typed gives a query. The words that come out are letters and digits alone, so none
of them can be an operator to a database.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import product

from posts.search.text import IGNORED, JOINER

# What is longer is cut: more words would not find anything more exactly.
MAX_CHARACTERS = 200
MAX_TERMS = 12
_MAX_WORD = 60
# Too many words begin with one given letter.
_MIN_PREFIX = 2

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"'))
_PHRASE = re.compile(r'"([^"]*)"')
# Full-width letters and digits, and ligatures out of a PDF, become the letters they look like.
_COMPATIBLE = re.compile("[\uff01-\uff5e\ufb00-\ufb06]+")
# The possessive ending is dropped: "dispatcher's" finds "dispatcher". In quotes it counts.
_POSSESSIVE = re.compile(r"['’ʼ]s(?![^\W_])", re.IGNORECASE)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")
# A minus counts only at the beginning of a word; an unpaired quotation mark is ignored.
_CHUNK = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')

# Left out when there is something else to look for; in quotes they count.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about an and are as at be been but by can could did do does for from had has have how i
        if in into is it its me my no not of on or our should so that the their them then there
        these they this to us was we were what when where which who whom why will with would you
        your
        """,
    )
)
# This trade's number, and its two systems: next generation and enhanced.
_NUMBERS = ("911", "ng911", "e911")
# However it is written: 9-1-1, NG 911, NG-9-1-1, E9-1-1.
_APART = r"[-‐‑‒–—−.\s]"
_NUMBER = re.compile(
    rf"(?<![^\W_])(?:(ng|e){_APART}?)?9(?:11|{_APART}1{_APART}1)(?![^\W_])", re.IGNORECASE
)
# How the words of each may be in SQLite's index; PostgreSQL's has the first spelling alone.
_SPELLINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "911": (("911",), ("9", "1", "1")),
    **{
        f"{system}911": (
            (f"{system}911",),
            (f"{system}9", "1", "1"),
            (system, "911"),
            (system, "9", "1", "1"),
        )
        for system in ("ng", "e")
    },
}
# Every word that is a part of one of them.
NUMBER_WORDS = frozenset(
    word for spellings in _SPELLINGS.values() for words in spellings for word in words
)
# So many numbers of a phrase are looked for in all spellings, for each multiplies the others.
_MAX_SPELLED = 2
_UNSEEN = str.maketrans(dict.fromkeys(IGNORED + JOINER))


@dataclass(frozen=True)
class Term:
    """A word, or the words of a phrase in order; with `prefix`, the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """Each way to write the term, as its words; the usual one comes first."""
        if self.words == ("911",):
            # A search for 911 finds each of the two systems as well.
            return tuple(words for number in _NUMBERS for words in _SPELLINGS[number])
        spelled, choices = 0, []
        for word in self.words:
            known = _SPELLINGS.get(word)
            spelled += known is not None
            choices.append(known if known and spelled <= _MAX_SPELLED else ((word,),))
        return tuple(
            tuple(word for words in spelling for word in words) for spelling in product(*choices)
        )

    @property
    def synonyms(self) -> tuple[str, ...]:
        """The words that the term finds where the index has one spelling of each number."""
        return _NUMBERS if self.words == ("911",) else ()


@dataclass(frozen=True)
class Query:
    """What to look for. `text` is what was typed, as it is shown again.

    Every required term must be in an article, and none of the excluded ones. A query without a
    required term is false: there is nothing to look for.
    """

    text: str = ""
    required: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.required)

    @property
    def names(self) -> tuple[str, ...]:
        """Each spelling of the text that a name may have: those of 911, NG911 and E911 vary."""
        if len(self.required) != 1 or len(words := self.required[0].words) != 1 or self.excluded:
            return (self.text,)
        if words[0] not in _SPELLINGS:
            return (self.text,)
        system = words[0].removesuffix("911")
        return tuple(
            f"{system}{between}{number}"
            for between in (("", "-", " ") if system else ("",))
            for number in ("911", "9-1-1")
        )

    @property
    def quoted(self) -> str:
        """The text in quotation marks, or with the ones around its phrases alone."""
        text = _PHRASE.sub(r"“\1”", self.text.translate(_QUOTES))
        return text if "“" in text else f"“{self.text}”"


def parse(typed: str) -> Query:
    """Return the query for what was typed; any string gives one."""
    # Cut first, so that the rest takes little time; four times, because spaces may be many.
    text = typed[: 4 * MAX_CHARACTERS].translate(_UNSEEN)
    text = "".join(c if c.isprintable() else " " for c in text)
    text = _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = " ".join(text.split())
    if len(text) > MAX_CHARACTERS:
        # At the end of a word, where there is one.
        text = text[: MAX_CHARACTERS + 1].rpartition(" ")[0] or text[:MAX_CHARACTERS]
    required: dict[Term, bool] = {}
    excluded: dict[Term, None] = {}
    read = _NUMBER.sub(lambda found: f"{found[1] or ''}911", text.translate(_QUOTES))
    for chunk in _CHUNK.finditer(read):
        words = words_of(chunk["phrase"] or _POSSESSIVE.sub("", chunk["word"] or ""))
        if not words:
            continue
        if chunk["minus"]:
            excluded[Term(words)] = None
            continue
        single = chunk["phrase"] is None and len(words) == 1
        prefix = single and chunk.end() == len(read) and len(words[0]) >= _MIN_PREFIX
        if prefix:
            required.pop(Term(words), None)
        required[Term(words, prefix)] = single and words[0] in _STOP_WORDS
    telling = [term for term, is_stop_word in required.items() if not is_stop_word]
    return Query(text, tuple((telling or list(required))[:MAX_TERMS]), tuple(excluded)[:MAX_TERMS])


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as the index has them: lower case, without accents."""
    return tuple(word[:_MAX_WORD] for word in _WORD.findall(fold(text)))


def fold(text: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text.lower()))
    return unicodedata.normalize("NFC", bare)
