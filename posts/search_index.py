"""The search index, kept by the database itself for every way of writing an article.

`posts_search` holds one row of plain text per article, on SQLite and PostgreSQL alike, and
triggers on the articles, topics and their links keep it. Above it stand, on PostgreSQL, two
generated vectors under one GIN index, the pairs of words that a phrase may be made of, and a
list of the words; on SQLite, an FTS5 index of stems and one of whole words.
docs/decisions/search.md says why it is done this way.

Nothing here is a Django model: the rows are derived, and `rebuild` makes them again.
"""

# ruff: noqa: S608 (every statement is made of this module's own words)

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "posts_search"
# A vector on PostgreSQL ends at a megabyte, and an article at some 30,000 words.
MAX_CHARACTERS = 200_000
# Within a word these say nothing; every other element ends a word, and stands as a paragraph
# separator (U+2029), by which a snippet tells a heading from the text below it.
_INLINE = ("strong", "em", "s", "sub", "sup", "code", "cite", "a")
# The mark of a footnote is no word: [^1] in the text, [^1]: before the note (posts/structure.py).
_LONGEST_MARK = 30
# The entities that nh3 leaves, and a few that an import past it would bring; & comes last.
_ENTITIES = {
    # Between these, SQLite's highlight() puts what was found (posts/search_sql.py).
    "\x02": "",
    "\x03": "",
    "&nbsp;": " ",
    "\u00a0": " ",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "''",
    "&rsquo;": "’",
    "&lsquo;": "‘",
    "&ldquo;": "“",
    "&rdquo;": "”",
    "&ndash;": "–",
    "&mdash;": "—",
    "&amp;": "&",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the index with everything that keeps it, and fill it; once more is harmless."""
    uninstall(connection)
    _run(connection, _CREATE[connection.vendor])
    rebuild(connection)
    _run(connection, _FINISH[connection.vendor])


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Do a migration's part of `install`.

    On SQLite the triggers wait for the end of all migrations, for they would be in the way of
    the later ones (see `stand_aside`); there, an empty table asks for the rest.
    """
    if connection.vendor == "sqlite":
        _run(connection, [_SQLITE_TABLE])
    else:
        install(connection)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Remove everything that `install` made."""
    _run(connection, _DROP[connection.vendor])


def rebuild(connection: BaseDatabaseWrapper) -> None:
    """Make every row of the index again from the articles."""
    _run(connection, _REBUILD[connection.vendor])


def keep_through_migrations(*, using: str, **_: Any) -> None:
    """Put back what a migration took: SQLite alters a table by making it anew.

    Its triggers go with the old table, without a word, and what is written until they are back
    is missing in the index, so that is made again. Receives `post_migrate`.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'posts\\_search%' ESCAPE '\\'"
        )
        present = {name for (name,) in cursor.fetchall()}
    if TABLE in present and not _SQLITE_TRIGGERS.keys() <= present:
        install(connection)


def stand_aside(*, using: str, plan: list[Any], **_: Any) -> None:
    """Take the triggers away while migrations run: SQLite renames no table that one names.

    Receives `pre_migrate`; `keep_through_migrations` puts them back.
    """
    connection = connections[using]
    if connection.vendor == "sqlite" and any(step.app_label == "posts" for step, _ in plan):
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_TRIGGERS])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _decoded(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = f"replace({text}, '{entity}', '{character}')"
    return text


# SQLite


def _sqlite_plain(html: str) -> str:
    """SQL for the text of a body, in time that grows with its length alone.

    SQLite has no regular expressions, and walking from tag to tag copies the rest each time.
    As a JSON string, cut at every `<`, the body is an array that json_each walks once.
    """
    quoted = f"json_quote(substr({html}, 1, {MAX_CHARACTERS}))"
    inline = " OR ".join(f"value GLOB '{tag}[ >]*' OR value GLOB '/{tag}>*'" for tag in _INLINE)
    pieces = (
        "SELECT CASE WHEN key = 0 THEN value WHEN instr(value, '>') = 0 THEN '' ELSE "
        f"CASE WHEN {inline} THEN '' ELSE '\u2029' END || substr(value, instr(value, '>') + 1) END "
        f"AS piece FROM json_each('[' || replace({quoted}, '<', '\",\"') || ']')"
    )
    text = f"SELECT coalesce(group_concat(piece, ''), '') AS t FROM ({pieces})"
    # Each step around a name and not around the step before: the parser's stack is not deep.
    return f"(SELECT {_decoded('t')} FROM ({_sqlite_without_marks(text)}))"


def _sqlite_without_marks(text: str) -> str:
    """SQL for a text without the marks of footnotes, cut at each of them in the same way.

    The first of the control characters, which no text keeps, says that one begins a paragraph.
    """
    signed = "replace(t, '\u2029[^', '\u2029[^\x02')"
    end, begins = "instr(value, ']')", "(value GLOB '\x02*')"
    pieces = (
        "SELECT CASE WHEN key = 0 THEN value "
        f"WHEN {end} - 1 - {begins} BETWEEN 1 AND {_LONGEST_MARK} "
        f"AND substr(value, 1, {end} - 1) NOT GLOB '*[[ \t\n\r\u00a0\u2029]*' "
        f"THEN substr(value, {end} + 1 + ({begins} AND substr(value, {end} + 1, 1) = ':')) "
        "ELSE '[^' || value END AS piece "
        f"FROM ({text}), json_each('[' || replace(json_quote({signed}), '[^', '\",\"') || ']')"
    )
    return f"SELECT coalesce(group_concat(piece, ''), '') AS t FROM ({pieces})"


def _sqlite_tags(post_id: str) -> str:
    return (
        "(SELECT coalesce(group_concat(name, ', '), '') FROM (SELECT t.name FROM posts_tag t "
        f"JOIN posts_post_tags pt ON pt.tag_id = t.id WHERE pt.post_id = {post_id} "
        "ORDER BY t.name))"
    )


def _sqlite_row(post: str) -> str:
    return (
        f"INSERT INTO posts_search (post_id, published_at, title, summary, tags, body) "
        f"SELECT {post}.id, {post}.published_at, {post}.title, {post}.summary, "
        f"{_sqlite_tags(f'{post}.id')}, {_sqlite_plain(f'{post}.body')}"
    )


_FTS = ("posts_search_stems", "posts_search_words")
_TEXTS = "title, summary, tags, body"


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


_RETAG = "UPDATE posts_search SET tags = {tags} WHERE post_id {which};"
# Deleting and inserting instead of an upsert: under INSERT OR IGNORE, as Django writes links,
# the outer statement's way with conflicts rules inside the trigger too.
_SQLITE_TRIGGERS = {
    "posts_search_post_insert": (
        "AFTER INSERT ON posts_post BEGIN "
        "DELETE FROM posts_search WHERE post_id = NEW.id; "
        f"{_sqlite_row('NEW')}; END"
    ),
    "posts_search_post_update": (
        "AFTER UPDATE ON posts_post WHEN OLD.id IS NOT NEW.id OR OLD.title IS NOT NEW.title "
        "OR OLD.summary IS NOT NEW.summary OR OLD.body IS NOT NEW.body BEGIN "
        "DELETE FROM posts_search WHERE post_id IN (OLD.id, NEW.id); "
        f"{_sqlite_row('NEW')}; END"
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
        + _RETAG.format(tags=_sqlite_tags("NEW.post_id"), which="= NEW.post_id")
        + " END"
    ),
    "posts_search_tag_delete": (
        "AFTER DELETE ON posts_post_tags BEGIN "
        + _RETAG.format(tags=_sqlite_tags("OLD.post_id"), which="= OLD.post_id")
        + " END"
    ),
    "posts_search_tag_move": (
        "AFTER UPDATE ON posts_post_tags BEGIN "
        + _RETAG.format(
            tags=_sqlite_tags("posts_search.post_id"), which="IN (OLD.post_id, NEW.post_id)"
        )
        + " END"
    ),
    "posts_search_tag_rename": (
        "AFTER UPDATE ON posts_tag WHEN OLD.name IS NOT NEW.name BEGIN "
        + _RETAG.format(
            tags=_sqlite_tags("posts_search.post_id"),
            which="IN (SELECT post_id FROM posts_post_tags WHERE tag_id = NEW.id)",
        )
        + " END"
    ),
    "posts_search_insert": f"AFTER INSERT ON posts_search BEGIN {_fts_add('NEW')} END",
    "posts_search_delete": f"AFTER DELETE ON posts_search BEGIN {_fts_remove('OLD')} END",
    "posts_search_update": (
        "AFTER UPDATE OF tags ON posts_search WHEN OLD.tags IS NOT NEW.tags BEGIN "
        f"{_fts_remove('OLD')} {_fts_add('NEW')} END"
    ),
}

# The text stands last: SQLite reads a row from its beginning.
_SQLITE_TABLE = (
    "CREATE TABLE posts_search (post_id integer NOT NULL PRIMARY KEY, published_at datetime, "
    "title text NOT NULL, summary text NOT NULL, tags text NOT NULL, body text NOT NULL)"
)
_SQLITE = [
    _SQLITE_TABLE,
    # When an article was published, without reading the page of the article.
    "CREATE INDEX posts_search_published ON posts_search (post_id, published_at)",
    f"CREATE VIRTUAL TABLE posts_search_stems USING fts5({_TEXTS}, content='posts_search', "
    "content_rowid='post_id', tokenize='porter unicode61 remove_diacritics 2', prefix='2 3')",
    f"CREATE VIRTUAL TABLE posts_search_words USING fts5({_TEXTS}, content='posts_search', "
    "content_rowid='post_id', tokenize='unicode61 remove_diacritics 2', detail='none', "
    "columnsize=0)",
    "CREATE VIRTUAL TABLE posts_search_vocab USING fts5vocab('posts_search_words', 'row')",
    *(f"CREATE TRIGGER {name} {what}" for name, what in _SQLITE_TRIGGERS.items()),
]

_SQLITE_REBUILD = [
    "DELETE FROM posts_search",
    f"{_sqlite_row('posts_post')} FROM posts_post",
    *(f"INSERT INTO {fts} ({fts}) VALUES ('optimize')" for fts in _FTS),
]

_SQLITE_DROP = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_TRIGGERS),
    "DROP TABLE IF EXISTS posts_search_vocab",
    *(f"DROP TABLE IF EXISTS {fts}" for fts in _FTS),
    "DROP TABLE IF EXISTS posts_search",
]


# PostgreSQL


def terms(text: str) -> str:
    """SQL for a text as the parser of PostgreSQL shall see it: plain words without accents.

    Left alone, it takes "police/EMS" for the name of a file and "9-1-1" for three numbers. The
    last is this trade's own name, and written in one (posts/search_query.py).
    """
    bare = rf"regexp_replace(normalize({text}, NFD), '[\u0300-\u036f]+', '', 'g')"
    called = rf"regexp_replace(normalize({bare}, NFC), '\m9[-‐‑–.]1[-‐‑–.]1\M', '911', 'g')"
    return f"regexp_replace({called}, '[!-/:-@[-`{{-~’\u2029]+', ' ', 'g')"


def _vector(text: str, weight: str, config: str = "posts_english") -> str:
    return f"setweight(to_tsvector('{config}', {terms(text)}), '{weight}')"


_MARK = rf"\[\^[^][<>\s]{{1,{_LONGEST_MARK}}}\]"
_PLAIN = _decoded(
    "regexp_replace(regexp_replace(regexp_replace(regexp_replace("
    f"left(html, {MAX_CHARACTERS}), '</?({'|'.join(_INLINE)})(\\s[^>]*)?>', '', 'g'), "
    f"'<[^>]*(>|$)', '\u2029', 'g'), '\u2029{_MARK}:', '\u2029', 'g'), '{_MARK}', '', 'g')"
)

_POSTGRESQL = [
    # Without stop words, as on SQLite: "to be" is a phrase like any other.
    "CREATE TEXT SEARCH DICTIONARY posts_english_stem (TEMPLATE = snowball, LANGUAGE = english)",
    "CREATE TEXT SEARCH CONFIGURATION posts_english (COPY = simple)",
    "ALTER TEXT SEARCH CONFIGURATION posts_english ALTER MAPPING FOR asciiword, word, numword, "
    "asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart "
    "WITH posts_english_stem",
    "CREATE TABLE posts_search (post_id bigint NOT NULL PRIMARY KEY, published_at timestamptz, "
    "title text NOT NULL, summary text NOT NULL, tags text NOT NULL, body text NOT NULL, "
    # To count topics by, without looking up each article's.
    "tag_ids bigint[] NOT NULL, "
    # Small and kept in the row: it ranks thousands of articles, and a renamed topic touches
    # nothing else.
    f"head tsvector NOT NULL GENERATED ALWAYS AS ({_vector('title', 'A')} "
    f"|| {_vector('left(summary, 2000)', 'B')} || {_vector('tags', 'C')}) STORED, "
    f"text tsvector NOT NULL GENERATED ALWAYS AS ({_vector('body', 'D')}) STORED)",
    # In PL/pgSQL, with its price on it: the planner takes the unpacking of vectors for cheap, and
    # would rather read the whole table than the index.
    "CREATE FUNCTION posts_search_vector(head tsvector, text tsvector) RETURNS tsvector "
    "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$ BEGIN RETURN head || text; END $$",
    # Which word follows on which in a text, as numbers of 16 bits: the index of words knows no
    # places, and unpacking thousands of vectors to look for a phrase takes long. Where two pairs
    # share a number, a text is looked into in vain, no more.
    "CREATE FUNCTION posts_search_pairs(words tsvector) RETURNS smallint[] "
    "LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(array_agg(DISTINCT "
    "(get_byte(hash, 0) * 256 + get_byte(hash, 1) - 32768)::smallint), '{}') FROM ("
    "SELECT sha256(convert_to(word || ' ' || next_word, 'UTF8')) AS hash FROM ("
    "SELECT lexeme AS word, place, lead(lexeme) OVER following AS next_word, "
    "lead(place) OVER following AS next_place FROM unnest(words) found, "
    "unnest(found.positions) place WINDOW following AS (ORDER BY place)) pairs "
    "WHERE next_place = place + 1) hashes $$",
    # Apart from the rest, so that a renamed topic leaves them alone.
    "CREATE TABLE posts_search_phrases (post_id bigint NOT NULL PRIMARY KEY, "
    "pairs smallint[] NOT NULL)",
    # With a price, for the same reason as the vector's.
    "CREATE FUNCTION posts_search_priced(pairs smallint[]) RETURNS smallint[] "
    "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$ BEGIN RETURN pairs; END $$",
    # Every word that was ever written, whole. Not unique: two editors who write the same new
    # word at the same moment need not wait for each other.
    'CREATE TABLE posts_search_vocab (term text COLLATE "C" NOT NULL)',
    "CREATE INDEX posts_search_vocab_term ON posts_search_vocab (term)",
    f"CREATE FUNCTION posts_search_plain(html text) RETURNS text LANGUAGE sql IMMUTABLE "
    f"AS $$ SELECT {_PLAIN} $$",
    "CREATE FUNCTION posts_search_tags(post bigint) RETURNS text LANGUAGE sql STABLE AS $$ "
    "SELECT coalesce(string_agg(t.name, ', ' ORDER BY t.name), '') FROM posts_tag t "
    "JOIN posts_post_tags pt ON pt.tag_id = t.id WHERE pt.post_id = post $$",
    "CREATE FUNCTION posts_search_tag_ids(post bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$ "
    "SELECT ARRAY(SELECT tag_id FROM posts_post_tags WHERE post_id = post ORDER BY tag_id) $$",
    # The columns are compared in here: a trigger that names one forbids to alter its type.
    """CREATE FUNCTION posts_search_keep_post() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE posts_search, posts_search_phrases, posts_search_vocab;
        RETURN NULL;
      END IF;
      IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
        IF NEW.body IS DISTINCT FROM OLD.body THEN
          UPDATE posts_search SET body = posts_search_plain(NEW.body) WHERE post_id = NEW.id;
        END IF;
        IF (NEW.title, NEW.summary) IS DISTINCT FROM (OLD.title, OLD.summary) THEN
          UPDATE posts_search SET title = NEW.title, summary = NEW.summary
          WHERE post_id = NEW.id;
        END IF;
        IF NEW.published_at IS DISTINCT FROM OLD.published_at THEN
          UPDATE posts_search SET published_at = NEW.published_at WHERE post_id = NEW.id;
        END IF;
        RETURN NULL;
      END IF;
      IF TG_OP IN ('UPDATE', 'DELETE') THEN
        DELETE FROM posts_search WHERE post_id = OLD.id;
        DELETE FROM posts_search_phrases WHERE post_id = OLD.id;
      END IF;
      IF TG_OP IN ('UPDATE', 'INSERT') THEN
        INSERT INTO posts_search (post_id, published_at, title, summary, tags, tag_ids, body)
        VALUES (NEW.id, NEW.published_at, NEW.title, NEW.summary, posts_search_tags(NEW.id),
                posts_search_tag_ids(NEW.id), posts_search_plain(NEW.body));
      END IF;
      RETURN NULL;
    END $$""",
    """CREATE FUNCTION posts_search_keep_tags() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      -- Each of two who tag at once, or tag and rename, sees what the other did.
      PERFORM FROM posts_tag WHERE id IN (SELECT tag_id FROM changed) ORDER BY id FOR SHARE;
      PERFORM FROM posts_search WHERE post_id IN (SELECT post_id FROM changed)
        ORDER BY post_id FOR UPDATE;
      UPDATE posts_search
      SET tags = posts_search_tags(post_id), tag_ids = posts_search_tag_ids(post_id)
      WHERE post_id IN (SELECT post_id FROM changed)
        AND tag_ids <> posts_search_tag_ids(post_id);
      RETURN NULL;
    END $$""",
    """CREATE FUNCTION posts_search_rename_tags() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM FROM posts_search WHERE post_id IN (SELECT pt.post_id FROM posts_post_tags pt
                                                  JOIN changed c ON c.id = pt.tag_id)
        ORDER BY post_id FOR UPDATE;
      UPDATE posts_search SET tags = posts_search_tags(post_id)
      WHERE post_id IN (SELECT pt.post_id FROM posts_post_tags pt
                        JOIN changed c ON c.id = pt.tag_id)
        AND tags <> posts_search_tags(post_id);
      RETURN NULL;
    END $$""",
    f"""CREATE FUNCTION posts_search_keep_vocab() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      written text := NEW.title || ' ' || NEW.summary || ' ' || NEW.tags;
    BEGIN
      IF TG_OP = 'INSERT' OR NEW.body IS DISTINCT FROM OLD.body THEN
        written := written || ' ' || NEW.body;
        INSERT INTO posts_search_phrases VALUES (NEW.post_id, posts_search_pairs(NEW.text))
        ON CONFLICT (post_id) DO UPDATE SET pairs = EXCLUDED.pairs;
      END IF;
      INSERT INTO posts_search_vocab (term)
      SELECT word FROM unnest(tsvector_to_array(to_tsvector('simple', {terms("written")}))) word
      WHERE char_length(word) BETWEEN 3 AND 40
        AND NOT EXISTS (SELECT FROM posts_search_vocab WHERE term = word);
      RETURN NULL;
    END $$""",
    "CREATE TRIGGER posts_search_post AFTER INSERT OR UPDATE OR DELETE ON posts_post "
    "FOR EACH ROW EXECUTE FUNCTION posts_search_keep_post()",
    "CREATE TRIGGER posts_search_truncate AFTER TRUNCATE ON posts_post "
    "EXECUTE FUNCTION posts_search_keep_post()",
    *(
        f"CREATE TRIGGER posts_search_tags_{number} AFTER {event} ON posts_post_tags "
        f"REFERENCING {rows} TABLE AS changed EXECUTE FUNCTION posts_search_keep_tags()"
        for number, (event, rows) in enumerate(
            [("INSERT", "NEW"), ("DELETE", "OLD"), ("UPDATE", "NEW"), ("UPDATE", "OLD")]
        )
    ),
    "CREATE TRIGGER posts_search_rename AFTER UPDATE ON posts_tag "
    "REFERENCING NEW TABLE AS changed EXECUTE FUNCTION posts_search_rename_tags()",
    "CREATE TRIGGER posts_search_words AFTER INSERT OR UPDATE OF title, summary, tags, body "
    "ON posts_search FOR EACH ROW EXECUTE FUNCTION posts_search_keep_vocab()",
]

_POSTGRESQL_REBUILD = [
    "TRUNCATE posts_search, posts_search_phrases, posts_search_vocab",
    "INSERT INTO posts_search (post_id, published_at, title, summary, tags, tag_ids, body) "
    "SELECT id, published_at, title, summary, posts_search_tags(id), posts_search_tag_ids(id), "
    "posts_search_plain(body) FROM posts_post",
]

# Over full tables, which is faster. What waits to be sorted in is read by every search, so the
# list is kept short; without one, renaming a topic of many articles would take three times as long.
_POSTGRESQL_INDEX = [
    "CREATE INDEX posts_search_gin ON posts_search USING gin (posts_search_vector(head, text)) "
    "WITH (gin_pending_list_limit = 256)",
    "CREATE INDEX posts_search_phrases_gin ON posts_search_phrases "
    "USING gin (posts_search_priced(pairs)) WITH (gin_pending_list_limit = 256)",
    "ANALYZE posts_search",
    "ANALYZE posts_search_phrases",
]

_POSTGRESQL_DROP = [
    "DROP TRIGGER IF EXISTS posts_search_post ON posts_post",
    "DROP TRIGGER IF EXISTS posts_search_truncate ON posts_post",
    *(f"DROP TRIGGER IF EXISTS posts_search_tags_{n} ON posts_post_tags" for n in range(4)),
    "DROP TRIGGER IF EXISTS posts_search_rename ON posts_tag",
    "DROP TABLE IF EXISTS posts_search_phrases, posts_search, posts_search_vocab",
    *(
        f"DROP FUNCTION IF EXISTS posts_search_{name}"
        for name in (
            "keep_post",
            "keep_tags",
            "rename_tags",
            "keep_vocab",
            "tags",
            "tag_ids",
            "plain",
            "vector",
            "pairs",
            "priced",
        )
    ),
    "DROP TEXT SEARCH CONFIGURATION IF EXISTS posts_english",
    "DROP TEXT SEARCH DICTIONARY IF EXISTS posts_english_stem",
]

_CREATE = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_REBUILD = {"sqlite": _SQLITE_REBUILD, "postgresql": _POSTGRESQL_REBUILD}
_FINISH: dict[str, list[str]] = {"sqlite": [], "postgresql": _POSTGRESQL_INDEX}
_DROP = {"sqlite": _SQLITE_DROP, "postgresql": _POSTGRESQL_DROP}
