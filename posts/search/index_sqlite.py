"""The search index on SQLite: an FTS5 index of stems and one of whole words, and their triggers.

posts/search/index.py runs these statements.
"""

# ruff: noqa: S608 (every statement is made of this module's own words)

from posts.search.text import (
    IGNORED,
    INLINE,
    JOINED,
    JOINER,
    LONGEST_MARK,
    MAX_CHARACTERS,
    decoded,
)


def _plain(html: str) -> str:
    """SQL for the text of a body, in time that grows with its length alone.

    SQLite has no regular expressions, and a recursive query copies the text at each tag. The
    body is written as JSON, an array of strings cut at every `<`, which json_each reads once.
    """
    quoted = f"json_quote(substr({html}, 1, {MAX_CHARACTERS}))"
    inline = " OR ".join(f"value GLOB '{tag}[ >]*' OR value GLOB '/{tag}>*'" for tag in INLINE)
    pieces = (
        "SELECT CASE WHEN key = 0 THEN value WHEN instr(value, '>') = 0 THEN '' ELSE "
        f"CASE WHEN {inline} THEN '' ELSE '\u2029' END || substr(value, instr(value, '>') + 1) END "
        f"AS piece FROM json_each('[' || replace({quoted}, '<', '\",\"') || ']')"
    )
    text = f"SELECT coalesce(group_concat(piece, ''), '') AS t FROM ({pieces})"
    # Each step is a subquery with a name. Nested calls would overflow the parser's stack.
    return _visible(f"SELECT {decoded('t')} AS t FROM ({_without_marks(text)})")


def _without_marks(text: str) -> str:
    """SQL for a text without the marks of footnotes, cut at each mark as _plain() cuts at tags.

    The control character U+0002, which no text contains, says that a mark begins a paragraph.
    """
    signed = "replace(t, '\u2029[^', '\u2029[^\x02')"
    end, begins = "instr(value, ']')", "(value GLOB '\x02*')"
    pieces = (
        "SELECT CASE WHEN key = 0 THEN value "
        f"WHEN {end} - 1 - {begins} BETWEEN 1 AND {LONGEST_MARK} "
        f"AND substr(value, 1, {end} - 1) NOT GLOB '*[[ \t\n\r\u00a0\u2029]*' "
        f"THEN substr(value, {end} + 1 + ({begins} AND substr(value, {end} + 1, 1) = ':')) "
        "ELSE '[^' || value END AS piece "
        f"FROM ({text}), json_each('[' || replace(json_quote({signed}), '[^', '\",\"') || ']')"
    )
    return f"SELECT coalesce(group_concat(piece, ''), '') AS t FROM ({pieces})"


def _visible(text: str) -> str:
    """SQL for a text (a SELECT of it as `t`) without invisible characters.

    The text is cut at each joiner, and those between two pictures (emoji) are put back.
    """
    pictures = " OR ".join(
        f"unicode(value) BETWEEN {ord(first)} AND {ord(last)}" for first, last in JOINED
    )
    pieces = (
        f"SELECT CASE WHEN key > 0 AND ({pictures}) THEN '{JOINER}' || value ELSE value END "
        f"AS piece FROM ({text}), json_each('[' || replace(json_quote(t), '{JOINER}', '\",\"') "
        "|| ']')"
    )
    visible = "t"
    for character in IGNORED:
        visible = f"replace({visible}, '{character}', '')"
    whole = f"SELECT coalesce(group_concat(piece, ''), '') AS t FROM ({pieces})"
    return f"(SELECT {visible} FROM ({whole}))"


def _names(post_id: str) -> str:
    """SQL for the names of an article's topics and of its author."""
    return _visible(
        "SELECT coalesce(group_concat(name, ', '), '') AS t FROM ("
        "SELECT t.name, 1 AS place FROM posts_tag t "
        f"JOIN posts_post_tags pt ON pt.tag_id = t.id WHERE pt.post_id = {post_id} "
        "UNION ALL SELECT a.name, 2 FROM posts_author a "
        f"JOIN posts_post p ON p.author_id = a.id WHERE p.id = {post_id} "
        "ORDER BY place, name)"
    )


def _row(post: str) -> str:
    return (
        f"INSERT INTO posts_search (post_id, published_at, title, summary, names, body) "
        f"SELECT {post}.id, {post}.published_at, {_visible(f'SELECT {post}.title AS t')}, "
        f"{_visible(f'SELECT {post}.summary AS t')}, {_names(f'{post}.id')}, "
        f"{_plain(f'{post}.body')}"
    )


_FTS = ("posts_search_stems", "posts_search_words")
_TEXTS = "title, summary, names, body"


def _fts_add(row: str) -> str:
    values = ", ".join(f"{row}.{name}" for name in _TEXTS.split(", "))
    return " ".join(
        f"INSERT INTO {fts} (rowid, {_TEXTS}) VALUES ({row}.post_id, {values});" for fts in _FTS
    )


def _fts_remove(row: str) -> str:
    values = ", ".join(f"{row}.{name}" for name in _TEXTS.split(", "))
    return " ".join(
        f"INSERT INTO {fts} ({fts}, rowid, {_TEXTS}) VALUES ('delete', {row}.post_id, {values});"
        for fts in _FTS
    )


_RENAME = "UPDATE posts_search SET names = {names} WHERE post_id {which};"
# They delete and insert instead of using an upsert: Django writes links by INSERT OR IGNORE, and
# its conflict rule applies inside the trigger, too.
TRIGGERS = {
    "posts_search_post_insert": (
        "AFTER INSERT ON posts_post BEGIN "
        "DELETE FROM posts_search WHERE post_id = NEW.id; "
        f"{_row('NEW')}; END"
    ),
    "posts_search_post_update": (
        "AFTER UPDATE ON posts_post WHEN OLD.id IS NOT NEW.id OR OLD.title IS NOT NEW.title "
        "OR OLD.summary IS NOT NEW.summary OR OLD.body IS NOT NEW.body "
        "OR OLD.author_id IS NOT NEW.author_id BEGIN "
        "DELETE FROM posts_search WHERE post_id IN (OLD.id, NEW.id); "
        f"{_row('NEW')}; END"
    ),
    "posts_search_post_publish": (
        "AFTER UPDATE ON posts_post WHEN OLD.published_at IS NOT NEW.published_at BEGIN "
        "UPDATE posts_search SET published_at = NEW.published_at WHERE post_id = NEW.id; END"
    ),
    "posts_search_post_delete": (
        "AFTER DELETE ON posts_post BEGIN DELETE FROM posts_search WHERE post_id = OLD.id; END"
    ),
    "posts_search_tag_insert": (
        "AFTER INSERT ON posts_post_tags BEGIN "
        + _RENAME.format(names=_names("NEW.post_id"), which="= NEW.post_id")
        + " END"
    ),
    "posts_search_tag_delete": (
        "AFTER DELETE ON posts_post_tags BEGIN "
        + _RENAME.format(names=_names("OLD.post_id"), which="= OLD.post_id")
        + " END"
    ),
    "posts_search_tag_move": (
        "AFTER UPDATE ON posts_post_tags BEGIN "
        + _RENAME.format(
            names=_names("posts_search.post_id"), which="IN (OLD.post_id, NEW.post_id)"
        )
        + " END"
    ),
    "posts_search_tag_rename": (
        "AFTER UPDATE ON posts_tag WHEN OLD.name IS NOT NEW.name BEGIN "
        + _RENAME.format(
            names=_names("posts_search.post_id"),
            which="IN (SELECT post_id FROM posts_post_tags WHERE tag_id = NEW.id)",
        )
        + " END"
    ),
    "posts_search_author_rename": (
        "AFTER UPDATE ON posts_author WHEN OLD.name IS NOT NEW.name BEGIN "
        + _RENAME.format(
            names=_names("posts_search.post_id"),
            which="IN (SELECT id FROM posts_post WHERE author_id = NEW.id)",
        )
        + " END"
    ),
    "posts_search_insert": f"AFTER INSERT ON posts_search BEGIN {_fts_add('NEW')} END",
    "posts_search_delete": f"AFTER DELETE ON posts_search BEGIN {_fts_remove('OLD')} END",
    "posts_search_update": (
        "AFTER UPDATE OF names ON posts_search WHEN OLD.names IS NOT NEW.names BEGIN "
        f"{_fts_remove('OLD')} {_fts_add('NEW')} END"
    ),
}

# The body is the last column, because SQLite reads a row from its beginning.
CREATE_TABLE = (
    "CREATE TABLE posts_search (post_id integer NOT NULL PRIMARY KEY, published_at datetime, "
    "title text NOT NULL, summary text NOT NULL, names text NOT NULL, body text NOT NULL)"
)
CREATE = [
    CREATE_TABLE,
    # An index with both columns, so that the date is read without reading the row.
    "CREATE INDEX posts_search_published ON posts_search (post_id, published_at)",
    f"CREATE VIRTUAL TABLE posts_search_stems USING fts5({_TEXTS}, content='posts_search', "
    "content_rowid='post_id', tokenize='porter unicode61 remove_diacritics 2', prefix='2 3')",
    f"CREATE VIRTUAL TABLE posts_search_words USING fts5({_TEXTS}, content='posts_search', "
    "content_rowid='post_id', tokenize='unicode61 remove_diacritics 2', detail='none', "
    "columnsize=0)",
    "CREATE VIRTUAL TABLE posts_search_vocab USING fts5vocab('posts_search_words', 'row')",
    *(f"CREATE TRIGGER {name} {what}" for name, what in TRIGGERS.items()),
]

REBUILD = [
    "DELETE FROM posts_search",
    f"{_row('posts_post')} FROM posts_post",
    *(f"INSERT INTO {fts} ({fts}) VALUES ('optimize')" for fts in _FTS),
]

FINISH: list[str] = []  # SQLite needs nothing more once the tables are full.

DROP = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS),
    "DROP TABLE IF EXISTS posts_search_vocab",
    *(f"DROP TABLE IF EXISTS {fts}" for fts in _FTS),
    "DROP TABLE IF EXISTS posts_search",
]
