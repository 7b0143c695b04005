"""The search index as migrations 0002, 0007 and 0010 make it. Frozen: it is never changed again.

A migration runs on databases of today and of years to come, so it imports no live code. What the
site uses now is posts/search/index.py; whoever changes that adds a migration, with its own copy.
"""

# Plain text ---------------------------------------------------------------------------------

# A vector on PostgreSQL ends at a megabyte, and an article at some 30,000 words.
MAX_CHARACTERS = 200_000
# Within a word these say nothing; every other element ends a word, and stands as a paragraph
# separator (U+2029), by which a snippet tells a heading from the text below it.
INLINE = ("strong", "em", "s", "sub", "sup", "code", "cite", "a")
# The mark of a footnote is no word: [^1] in the text, [^1]: before the note (posts/text/structure.py).
LONGEST_MARK = 30
# The entities that nh3 leaves, and a few that an import past it would bring; & comes last.
_ENTITIES = {
    # Between these, SQLite's highlight() puts what was found (posts/search/sql.py).
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


def decoded(text: str) -> str:
    """Return SQL for a text (itself SQL) with its entities as the characters they stand for."""
    for entity, character in _ENTITIES.items():
        text = f"replace({text}, '{entity}', '{character}')"
    return text


# PostgreSQL ---------------------------------------------------------------------------------


def terms(text: str) -> str:
    """SQL for a text as the parser of PostgreSQL shall see it: plain words without accents.

    Left alone, it takes "police/EMS" for the name of a file and "9-1-1" for three numbers. The
    last is this trade's own name, and written in one (posts/search/query.py).
    """
    bare = rf"regexp_replace(normalize({text}, NFD), '[\u0300-\u036f]+', '', 'g')"
    called = rf"regexp_replace(normalize({bare}, NFC), '\m9[-‐‑–.]1[-‐‑–.]1\M', '911', 'g')"
    return f"regexp_replace({called}, '[!-/:-@[-`{{-~’\u2029]+', ' ', 'g')"


def _vector(text: str, weight: str, config: str = "posts_english") -> str:
    return f"setweight(to_tsvector('{config}', {terms(text)}), '{weight}')"


_MARK = rf"\[\^[^][<>\s]{{1,{LONGEST_MARK}}}\]"
_PLAIN = decoded(
    "regexp_replace(regexp_replace(regexp_replace(regexp_replace("
    f"left(html, {MAX_CHARACTERS}), '</?({'|'.join(INLINE)})(\\s[^>]*)?>', '', 'g'), "
    f"'<[^>]*(>|$)', '\u2029', 'g'), '\u2029{_MARK}:', '\u2029', 'g'), '{_MARK}', '', 'g')"
)

POSTGRESQL_CREATE = [
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

POSTGRESQL_REBUILD = [
    "TRUNCATE posts_search, posts_search_phrases, posts_search_vocab",
    "INSERT INTO posts_search (post_id, published_at, title, summary, tags, tag_ids, body) "
    "SELECT id, published_at, title, summary, posts_search_tags(id), posts_search_tag_ids(id), "
    "posts_search_plain(body) FROM posts_post",
]

# Over full tables, which is faster. What waits to be sorted in is read by every search, so the
# list is kept short; without one, renaming a topic of many articles would take three times as long.
POSTGRESQL_FINISH = [
    "CREATE INDEX posts_search_gin ON posts_search USING gin (posts_search_vector(head, text)) "
    "WITH (gin_pending_list_limit = 256)",
    "CREATE INDEX posts_search_phrases_gin ON posts_search_phrases "
    "USING gin (posts_search_priced(pairs)) WITH (gin_pending_list_limit = 256)",
    "ANALYZE posts_search",
    "ANALYZE posts_search_phrases",
]

POSTGRESQL_DROP = [
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

# SQLite -------------------------------------------------------------------------------------

# Its triggers are made after all migrations: it renames no table that a trigger names.
SQLITE_CREATE_TABLE = (
    "CREATE TABLE posts_search (post_id integer NOT NULL PRIMARY KEY, published_at datetime, "
    "title text NOT NULL, summary text NOT NULL, tags text NOT NULL, body text NOT NULL)"
)

SQLITE_DROP = [
    *(
        f"DROP TRIGGER IF EXISTS posts_search_{name}"
        for name in (
            "post_insert",
            "post_update",
            "post_publish",
            "post_delete",
            "tag_insert",
            "tag_delete",
            "tag_move",
            "tag_rename",
            "insert",
            "delete",
            "update",
        )
    ),
    "DROP TABLE IF EXISTS posts_search_vocab",
    "DROP TABLE IF EXISTS posts_search_stems",
    "DROP TABLE IF EXISTS posts_search_words",
    "DROP TABLE IF EXISTS posts_search",
]


def create(connection):
    """Create the index; on SQLite its empty table, which asks for the rest after migrations."""
    if connection.vendor == "sqlite":
        _run(connection, [SQLITE_CREATE_TABLE])
        return
    drop(connection)
    _run(connection, [*POSTGRESQL_CREATE, *POSTGRESQL_REBUILD, *POSTGRESQL_FINISH])


def drop(connection):
    """Remove everything of the index."""
    _run(connection, SQLITE_DROP if connection.vendor == "sqlite" else POSTGRESQL_DROP)


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
