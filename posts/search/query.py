"""What a reader types into the search field, read: words, "phrases", -unwanted ones.

Whatever is typed gives a query. The words that come out are letters and digits alone, so none
of them can be an operator to a database.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import product

from posts.search.text import IGNORED, JOINER

# More of a question than this narrows nothing down.
MAX_CHARACTERS = 200
MAX_TERMS = 12
_MAX_WORD = 60
# A beginning of one letter would fit half of all words.
_MIN_PREFIX = 2

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"'))
_PHRASE = re.compile(r'"([^"]*)"')
# Full-width letters and digits, and ligatures out of a PDF: each is what it looks like.
_COMPATIBLE = re.compile("[\uff01-\uff5e\ufb00-\ufb06]+")
# The chair that is a dispatcher's is found by "dispatcher's", too; in quotes it stays.
_POSSESSIVE = re.compile(r"['’ʼ]s(?![^\W_])", re.IGNORECASE)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")
# A minus counts at the beginning of a word only; a quotation mark without its partner is none.
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
# As the words that an index may have of it, on SQLite; PostgreSQL's has the first alone.
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
# So many numbers of a phrase are looked for in all their spellings.
_MAX_SPELLED = 2
_UNSEEN = str.maketrans(dict.fromkeys(IGNORED + JOINER))


@dataclass(frozen=True)
class Term:
    """A word, or the words of a phrase in their order; with `prefix`, a word may go on."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """The term as it may be written, each as its words; the first is how it is called."""
        if self.words == ("911",):
            # Each of the systems is 911, too.
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
    def wider(self) -> tuple[str, ...]:
        """The words for which the term stands where an index has one spelling for all."""
        return _NUMBERS if self.words == ("911",) else ()


@dataclass(frozen=True)
class Query:
    """What to look for. `text` is what was typed, in a shape to be shown again.

    Every wanted term must be in an article, and none of the unwanted. Without a wanted one
    the query is false, and there is nothing to look for.
    """

    text: str = ""
    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted)

    @property
    def names(self) -> tuple[str, ...]:
        """The text as it may stand in a name: the trade's numbers have many spellings."""
        if len(self.wanted) != 1 or len(words := self.wanted[0].words) != 1 or self.unwanted:
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
    """Return the query of any string at all."""
    # Cut before anything else looks at it; spaces may be many.
    text = typed[: 4 * MAX_CHARACTERS].translate(_UNSEEN)
    text = "".join(c if c.isprintable() else " " for c in text)
    text = _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = " ".join(text.split())
    if len(text) > MAX_CHARACTERS:
        # At the end of a word, where there is one.
        text = text[: MAX_CHARACTERS + 1].rpartition(" ")[0] or text[:MAX_CHARACTERS]
    wanted: dict[Term, bool] = {}
    unwanted: dict[Term, None] = {}
    read = _NUMBER.sub(lambda found: f"{found[1] or ''}911", text.translate(_QUOTES))
    for chunk in _CHUNK.finditer(read):
        words = words_of(chunk["phrase"] or _POSSESSIVE.sub("", chunk["word"] or ""))
        if not words:
            continue
        if chunk["minus"]:
            unwanted[Term(words)] = None
            continue
        single = chunk["phrase"] is None and len(words) == 1
        prefix = single and chunk.end() == len(read) and len(words[0]) >= _MIN_PREFIX
        if prefix:
            wanted.pop(Term(words), None)
        wanted[Term(words, prefix)] = single and words[0] in _STOP_WORDS
    telling = [term for term, is_stop_word in wanted.items() if not is_stop_word]
    return Query(text, tuple((telling or list(wanted))[:MAX_TERMS]), tuple(unwanted)[:MAX_TERMS])


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as the index has them: small letters without accents."""
    return tuple(word[:_MAX_WORD] for word in _WORD.findall(fold(text)))


def fold(text: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text.lower()))
    return unicodedata.normalize("NFC", bare)
