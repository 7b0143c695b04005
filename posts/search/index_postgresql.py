"""The search index on PostgreSQL: vectors, pairs of words, a list of the words, and their triggers.

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

# What may stand between the digits of 9-1-1.
_APART = "-‐‑‒–—−. \u00a0"


def terms(text: str) -> str:
    """SQL for a text as PostgreSQL's parser is to read it: plain words without accents.

    The parser would read "police/EMS" as the name of a file and "9-1-1" as three numbers. 911,
    NG911 and E911 are written as one word each, as posts/search/query.py writes them.
    """
    bare = rf"regexp_replace(normalize({text}, NFD), '[\u0300-\u036f]+', '', 'g')"
    called = (
        rf"regexp_replace(normalize({bare}, NFC), "
        rf"'\m(?:(ng|e)[{_APART}]?)?9(?:11|[{_APART}]1[{_APART}]1)\M', '\1911', 'gi')"
    )
    return f"regexp_replace({called}, '[!-/:-@[-`{{-~’\u2029]+', ' ', 'g')"


def _vector(text: str, weight: str, config: str = "posts_english") -> str:
    return f"setweight(to_tsvector('{config}', {terms(text)}), '{weight}')"


_MARK = rf"\[\^[^][<>\s]{{1,{LONGEST_MARK}}}\]"
_PLAIN = decoded(
    "regexp_replace(regexp_replace(regexp_replace(regexp_replace("
    f"left(html, {MAX_CHARACTERS}), '</?({'|'.join(INLINE)})(\\s[^>]*)?>', '', 'g'), "
    f"'<[^>]*(>|$)', '\u2029', 'g'), '\u2029{_MARK}:', '\u2029', 'g'), '{_MARK}', '', 'g')"
)


def _visible(text: str) -> str:
    """SQL for a text without invisible characters, except joiners between pictures (emoji)."""
    pictures = "".join(f"{first}-{last}" for first, last in JOINED)
    return f"regexp_replace({text}, '{JOINER}(?![{pictures}])|[{IGNORED}]+', '', 'g')"


CREATE = [
    # Without stop words, as on SQLite: "to be" is a phrase like any other.
    "CREATE TEXT SEARCH DICTIONARY posts_english_stem (TEMPLATE = snowball, LANGUAGE = english)",
    "CREATE TEXT SEARCH CONFIGURATION posts_english (COPY = simple)",
    "ALTER TEXT SEARCH CONFIGURATION posts_english ALTER MAPPING FOR asciiword, word, numword, "
    "asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart "
    "WITH posts_english_stem",
    "CREATE TABLE posts_search (post_id bigint NOT NULL PRIMARY KEY, published_at timestamptz, "
    "title text NOT NULL, summary text NOT NULL, names text NOT NULL, body text NOT NULL, "
    # To count topics by, without looking up each article's.
    "tag_ids bigint[] NOT NULL, "
    # Small and kept in the row: it ranks thousands of articles, and a renamed topic touches
    # nothing else.
    f"head tsvector NOT NULL GENERATED ALWAYS AS ({_vector('title', 'A')} "
    f"|| {_vector('left(summary, 2000)', 'B')} || {_vector('names', 'C')}) STORED, "
    f"text tsvector NOT NULL GENERATED ALWAYS AS ({_vector('body', 'D')}) STORED)",
    # In PL/pgSQL, and with a COST: the planner underestimates what unpacking a vector takes, and
    # would read the whole table instead of the index.
    "CREATE FUNCTION posts_search_vector(head tsvector, text tsvector) RETURNS tsvector "
    "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$ BEGIN RETURN head || text; END $$",
    # Each pair of neighbouring words in a text, as a hash of 16 bits. The index of words has no
    # positions, and unpacking thousands of vectors to look for a phrase takes long. Where two
    # pairs have the same hash, a text without the phrase is checked, which only costs time.
    "CREATE FUNCTION posts_search_pairs(words tsvector) RETURNS smallint[] "
    "LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(array_agg(DISTINCT "
    "(get_byte(hash, 0) * 256 + get_byte(hash, 1) - 32768)::smallint), '{}') FROM ("
    "SELECT sha256(convert_to(word || ' ' || next_word, 'UTF8')) AS hash FROM ("
    "SELECT lexeme AS word, place, lead(lexeme) OVER following AS next_word, "
    "lead(place) OVER following AS next_place FROM unnest(words) found, "
    "unnest(found.positions) place WINDOW following AS (ORDER BY place)) pairs "
    "WHERE next_place = place + 1) hashes $$",
    # In a table of its own, so that renaming a topic does not write these rows again.
    "CREATE TABLE posts_search_phrases (post_id bigint NOT NULL PRIMARY KEY, "
    "pairs smallint[] NOT NULL)",
    # With a COST, for the same reason as posts_search_vector.
    "CREATE FUNCTION posts_search_priced(pairs smallint[]) RETURNS smallint[] "
    "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$ BEGIN RETURN pairs; END $$",
    # Every word that was ever written, whole. Not unique: two editors who write the same new
    # word at the same moment need not wait for each other.
    'CREATE TABLE posts_search_vocab (term text COLLATE "C" NOT NULL)',
    "CREATE INDEX posts_search_vocab_term ON posts_search_vocab (term)",
    f"CREATE FUNCTION posts_search_plain(html text) RETURNS text LANGUAGE sql IMMUTABLE "
    f"AS $$ SELECT {_visible(_PLAIN)} $$",
    f"CREATE FUNCTION posts_search_visible(words text) RETURNS text LANGUAGE sql IMMUTABLE "
    f"AS $$ SELECT {_visible('words')} $$",
    # The names of an article's topics and of its author.
    "CREATE FUNCTION posts_search_names(post bigint) RETURNS text LANGUAGE sql STABLE AS $$ "
    "SELECT posts_search_visible(coalesce(string_agg(name, ', ' ORDER BY place, name), '')) FROM ("
    "SELECT t.name, 1 AS place FROM posts_tag t "
    "JOIN posts_post_tags pt ON pt.tag_id = t.id WHERE pt.post_id = post "
    "UNION ALL SELECT a.name, 2 FROM posts_author a "
    "JOIN posts_post p ON p.author_id = a.id WHERE p.id = post) named $$",
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
        IF NEW.author_id IS DISTINCT FROM OLD.author_id THEN
          -- Who renames the author at this moment waits, and then sees this article. Asked for
          -- before the row of the index, as who renames does.
          PERFORM FROM posts_author WHERE id = NEW.author_id FOR SHARE;
          UPDATE posts_search SET names = posts_search_names(NEW.id) WHERE post_id = NEW.id;
        END IF;
        IF NEW.body IS DISTINCT FROM OLD.body THEN
          UPDATE posts_search SET body = posts_search_plain(NEW.body) WHERE post_id = NEW.id;
        END IF;
        IF (NEW.title, NEW.summary) IS DISTINCT FROM (OLD.title, OLD.summary) THEN
          UPDATE posts_search SET title = posts_search_visible(NEW.title),
            summary = posts_search_visible(NEW.summary)
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
        PERFORM FROM posts_author WHERE id = NEW.author_id FOR SHARE;
        INSERT INTO posts_search (post_id, published_at, title, summary, names, tag_ids, body)
        VALUES (NEW.id, NEW.published_at, posts_search_visible(NEW.title),
                posts_search_visible(NEW.summary), posts_search_names(NEW.id),
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
      SET names = posts_search_names(post_id), tag_ids = posts_search_tag_ids(post_id)
      WHERE post_id IN (SELECT post_id FROM changed)
        AND tag_ids <> posts_search_tag_ids(post_id);
      RETURN NULL;
    END $$""",
    """CREATE FUNCTION posts_search_rename_tags() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM FROM posts_search WHERE post_id IN (SELECT pt.post_id FROM posts_post_tags pt
                                                  JOIN changed c ON c.id = pt.tag_id)
        ORDER BY post_id FOR UPDATE;
      UPDATE posts_search SET names = posts_search_names(post_id)
      WHERE post_id IN (SELECT pt.post_id FROM posts_post_tags pt
                        JOIN changed c ON c.id = pt.tag_id)
        AND names <> posts_search_names(post_id);
      RETURN NULL;
    END $$""",
    """CREATE FUNCTION posts_search_rename_authors() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM changed JOIN former USING (id)
                     WHERE changed.name <> former.name) THEN
        RETURN NULL;
      END IF;
      PERFORM FROM posts_search WHERE post_id IN (SELECT p.id FROM posts_post p
                                                  JOIN changed c ON c.id = p.author_id)
        ORDER BY post_id FOR UPDATE;
      UPDATE posts_search SET names = posts_search_names(post_id)
      WHERE post_id IN (SELECT p.id FROM posts_post p JOIN changed c ON c.id = p.author_id)
        AND names <> posts_search_names(post_id);
      RETURN NULL;
    END $$""",
    f"""CREATE FUNCTION posts_search_keep_vocab() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      written text := NEW.title || ' ' || NEW.summary || ' ' || NEW.names;
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
    "CREATE TRIGGER posts_search_author AFTER UPDATE ON posts_author "
    "REFERENCING NEW TABLE AS changed OLD TABLE AS former "
    "EXECUTE FUNCTION posts_search_rename_authors()",
    "CREATE TRIGGER posts_search_words AFTER INSERT OR UPDATE OF title, summary, names, body "
    "ON posts_search FOR EACH ROW EXECUTE FUNCTION posts_search_keep_vocab()",
]

REBUILD = [
    "TRUNCATE posts_search, posts_search_phrases, posts_search_vocab",
    "INSERT INTO posts_search (post_id, published_at, title, summary, names, tag_ids, body) "
    "SELECT id, published_at, posts_search_visible(title), posts_search_visible(summary), "
    "posts_search_names(id), posts_search_tag_ids(id), posts_search_plain(body) FROM posts_post",
]

# Indexes are made faster over full tables. Every search reads the list of pending entries, so it
# is short. Without such a list, renaming a topic of many articles would take three times as long.
FINISH = [
    "CREATE INDEX posts_search_gin ON posts_search USING gin (posts_search_vector(head, text)) "
    "WITH (gin_pending_list_limit = 256)",
    "CREATE INDEX posts_search_phrases_gin ON posts_search_phrases "
    "USING gin (posts_search_priced(pairs)) WITH (gin_pending_list_limit = 256)",
    "ANALYZE posts_search",
    "ANALYZE posts_search_phrases",
]

DROP = [
    "DROP TRIGGER IF EXISTS posts_search_post ON posts_post",
    "DROP TRIGGER IF EXISTS posts_search_truncate ON posts_post",
    *(f"DROP TRIGGER IF EXISTS posts_search_tags_{n} ON posts_post_tags" for n in range(4)),
    "DROP TRIGGER IF EXISTS posts_search_rename ON posts_tag",
    "DROP TRIGGER IF EXISTS posts_search_author ON posts_author",
    "DROP TABLE IF EXISTS posts_search_phrases, posts_search, posts_search_vocab",
    *(
        f"DROP FUNCTION IF EXISTS posts_search_{name}"
        for name in (
            "keep_post",
            "keep_tags",
            "rename_tags",
            "rename_authors",
            "keep_vocab",
            "names",
            "visible",
            # The former name of tag_ids.
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
