"""Triggers keep the index current for every way of writing."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, models

from posts.models import Post, Tag
from posts.search import index
from posts.search.finding import search
from posts.search.postgresql import LOOKED_INTO, PostgreSQL
from posts.search.query import parse
from tests.factories import make_author, make_post, make_tag
from tests.plans import nodes_of

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def found(text: str) -> int:
    return search(text).total


def run(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_save_replaces_the_indexed_words() -> None:
    made = make_post(title="Radio", summary="Old summary", body="<p>Old body.</p>")
    post = Post.objects.get(pk=made.pk)
    post.title, post.summary, post.body = "Television", "Fresh", "<p>Recent.</p>"
    post.save()
    for old in ("radio", "old", "summary"):
        assert found(old) == 0
    for new in ("television", "fresh", "recent"):
        assert found(new) == 1


def test_a_partial_save_updates_the_index() -> None:
    post = Post.objects.get(pk=make_post(title="Radio").pk)
    post.title = "Television"
    post.save(update_fields=["title"])
    assert (found("radio"), found("television")) == (0, 1)


def test_bulk_operations_update_the_index() -> None:
    author = make_author()
    posts = Post.objects.bulk_create(
        Post(
            title=f"Bulk {number}",
            slug=f"bulk-{number}",
            body="<p>Siren.</p>",
            author=author,
            published_at="2026-01-01T00:00Z",
        )
        for number in range(3)
    )
    assert found("siren") == 3
    for post in posts:
        post.body = "<p>Bells.</p>"
    Post.objects.bulk_update(posts, ["body"])
    assert (found("siren"), found("bells")) == (0, 3)
    Post.objects.filter(pk=posts[0].pk).update(body="<p>Flags &amp; <em>flares</em>.</p>")
    assert (found("bells"), found("flares"), found("em")) == (2, 1, 0)
    Post.objects.filter(pk__in=[post.pk for post in posts[1:]]).delete()
    assert (found("bells"), found("flares")) == (0, 1)


def test_an_upsert_updates_the_index() -> None:
    post = make_post(title="Radio")
    post.title = "Television"
    Post.objects.bulk_create(
        [post], update_conflicts=True, unique_fields=["id"], update_fields=["title"]
    )
    assert (found("radio"), found("television")) == (0, 1)


def test_raw_sql_updates_the_index() -> None:
    post = make_post(title="Radio")
    run("UPDATE posts_post SET title = %s WHERE id = %s", "Television", post.pk)
    assert (found("radio"), found("television")) == (0, 1)
    run("DELETE FROM posts_post WHERE id = %s", post.pk)
    assert found("television") == 0


def test_changes_of_the_publication_state_apply_at_once() -> None:
    post = make_post(title="Radio", published_at=None)
    this = Post.objects.filter(pk=post.pk)
    assert found("radio") == 0
    this.publish()
    assert found("radio") == 1
    this.back_to_draft()
    assert found("radio") == 0
    this.publish()
    this.withdraw()
    assert found("radio") == 0
    this.bring_back()
    assert found("radio") == 1


def test_phrases_follow_the_new_text() -> None:
    post = make_post(body="<p>Mayday, mayday, mayday. Send <em>two engines</em> now.</p>")
    assert [found('"mayday mayday mayday"'), found('"send two engines now"')] == [1, 1]
    assert found('"mayday mayday mayday mayday"') == 0
    Post.objects.filter(pk=post.pk).update(body="<p>Mayday. Two engines are on their way.</p>")
    assert [found('"mayday mayday"'), found('"send two"'), found('"engines are on"')] == [0, 0, 1]
    make_post(body="<p>Nothing of the kind. Two more engines.</p>", title="Two engines")
    assert (found('"two engines"'), found('engines -"two engines"')) == (2, 0)
    post.delete()
    assert (found('"two engines"'), found('"more engines"')) == (1, 1)


def scans(typed: str) -> dict[str, int]:
    """Return how often each index and table was scanned for a search on PostgreSQL."""
    sql, values = PostgreSQL().matching(parse(typed))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE posts_search, posts_search_phrases")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql} SELECT post_id FROM hits", values)
        [plan] = cursor.fetchone()[0]
    done: dict[str, int] = {}
    for node in nodes_of(plan["Plan"]):
        name = node.get("Index Name") or f"whole {node.get('Relation Name')}"
        if "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan":
            done[name] = done.get(name, 0) + node["Actual Loops"]
    return done


@pytest.mark.skipif(connection.vendor != "postgresql", reason="FTS5 stores the positions of words.")
def test_a_phrase_search_reads_only_candidate_rows() -> None:
    author = make_author()
    Post.objects.bulk_create(
        Post(
            title=f"Bulk {number}",
            slug=f"bulk-{number}",
            body=f"<p>Support of a peer, and {'peer support' if number < 3 else 'more'}.</p>"
            + "<p>Some words besides. </p>" * 50
            + "<p>Zebra.</p>" * (number == 7),
            author=author,
            published_at="2026-01-01T00:00Z",
        )
        for number in range(LOOKED_INTO + 100)
    )
    assert (found('"peer support"'), found('zebra -"peer support"')) == (3, 1)
    often = scans('"peer support"')
    assert often["posts_search_phrases_gin"] == 1
    assert often["posts_search_pkey"] == 3
    rarely = scans('"peer support" zebra')
    assert rarely["posts_search_phrases_gin"] == 0
    assert rarely["posts_search_pkey"] == 1
    for done in (often, rarely):
        assert not {"whole posts_search", "whole posts_search_phrases"} & done.keys()


def test_changes_of_topics_update_the_index() -> None:
    fire, police, calm = make_tag("Flames"), make_tag("Constable"), make_tag("Serenity")
    post = make_post()
    post.tags.add(fire, police)
    assert (found("flames"), found("constable")) == (1, 1)
    post.tags.set([police, calm])
    assert (found("flames"), found("constable"), found("serenity")) == (0, 1, 1)
    Post.tags.through.objects.filter(post=post, tag=calm).update(tag=fire)
    assert (found("flames"), found("serenity")) == (1, 0)
    post.tags.clear()
    assert (found("flames"), found("constable")) == (0, 0)
    fire.posts.add(post, make_post())
    assert found("flames") == 2


def test_renaming_a_topic_updates_the_index() -> None:
    fire = make_tag("Flames")
    make_post(tags=[fire, make_tag("Other")])
    fresh = Tag.objects.get(pk=fire.pk)
    fresh.name = "Blazes"
    fresh.save()
    assert (found("flames"), found("blazes"), found("other")) == (0, 1, 1)
    Tag.objects.filter(pk=fire.pk).update(name="Embers")
    assert (found("blazes"), found("embers")) == (0, 1)


def test_deleting_a_topic_keeps_its_articles_in_the_index() -> None:
    fire = make_tag("Flames")
    make_post(title="Radio", tags=[fire])
    fire.delete()
    assert (found("flames"), found("radio")) == (0, 1)


def test_texts_of_any_size_and_markup_can_be_indexed() -> None:
    words = " ".join(f"w{number}x" for number in range(60_000))
    post = make_post(body=f"<p>early {words} late</p>")
    assert found("early") == 1
    for body in (
        "",
        "<",
        ">",
        "<p",
        "a < b > c",
        "&",
        "&amp;lt;",
        '"\\<p>',
        "\\",
        "{}[]",
        "x" * 300_000,
    ):
        Post.objects.filter(pk=post.pk).update(body=body)
    Post.objects.filter(pk=post.pk).update(body=r'<p>Say "hi" \\ [1, {"a": 2}] done</p>')
    assert found('"say hi"') == 1
    assert found("done") == 1


def test_the_index_can_be_rebuilt() -> None:
    make_post(title="Radio", tags=[make_tag("Flames")])
    run("DELETE FROM posts_search")
    assert found("radio") == 0
    index.rebuild(connection)
    assert (found("radio"), found("flames")) == (1, 1)
    index.install(connection)
    assert (found("radio"), found("flames")) == (1, 1)
    make_post(title="Radio")
    assert found("radio") == 2


def test_the_index_has_one_row_for_each_article() -> None:
    posts = [make_post(tags=[make_tag(), make_tag()]) for _ in range(3)]
    posts[0].delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_id FROM posts_search ORDER BY 1")
        assert [pk for (pk,) in cursor.fetchall()] == [post.pk for post in posts[1:]]


@pytest.fixture
def altered() -> Iterator[None]:
    """Alter the table of articles as a migration would, and restore it afterwards."""
    old = Post._meta.get_field("cover_credit")
    new = models.CharField("credit", max_length=161, blank=True)
    new.set_attributes_from_name("cover_credit")
    new.model = Post
    plan = [(type("Step", (), {"app_label": "posts"}), False)]

    def alter(before: object, after: object) -> None:
        index.drop_triggers(using="default", plan=plan)
        with connection.schema_editor() as editor:
            editor.alter_field(Post, before, after)
        index.restore_triggers(using="default")

    alter(old, new)
    yield
    alter(new, old)


@pytest.mark.django_db(transaction=True)
def test_the_index_survives_an_alteration_of_the_table(altered: None) -> None:
    # SQLite recreates the table for this, which deletes its triggers.
    make_post(title="Radio", tags=[make_tag("Flames")])
    assert (found("radio"), found("flames")) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_flushed_database_has_an_empty_index() -> None:
    make_post(title="Radio")
    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM posts_search")
        assert cursor.fetchone() == (0,)
    make_post(title="Radio")
    assert found("radio") == 1


@pytest.mark.django_db(transaction=True)
def test_the_index_can_be_uninstalled_and_installed_again() -> None:
    make_post(title="Radio", tags=[make_tag("Flames")])
    index.uninstall(connection)
    assert not any(
        name.startswith("posts_search") for name in connection.introspection.table_names()
    )
    # No trigger is left that would fail.
    make_post(title="Radio", tags=[make_tag("Embers")]).delete()
    index.prepare(connection)
    index.restore_triggers(using="default")
    assert (found("radio"), found("flames")) == (1, 1)


def body_in_the_index(post: Post) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM posts_search WHERE post_id = %s", [post.pk])
        return cursor.fetchone()[0].replace("\u2029", "|")


def test_footnote_marks_are_not_indexed() -> None:
    post = make_post(
        body="<p>The call was answered[^77] at once,[^zwo]\n[^77]: so they said.</p>"
        "<p>[^77]: By a <em>trainee</em>: the log says so.<br>[^zwo]: Within 4 seconds.</p>"
    )
    assert body_in_the_index(post) == (
        "|The call was answered at once,\n: so they said.||"
        " By a trainee: the log says so.| Within 4 seconds.|"
    )
    assert (found("77"), found("zwo"), found('"answered at once"')) == (0, 0, 1)
    assert found("trainee") == 1
    [hit] = search("answered").hits
    assert "[^" not in hit.snippet


@pytest.mark.parametrize(
    "text", ["[^ 1]", "[^]", "[^a[b", "a [^ b", "[1]", f"[^{'x' * 31}]", "^[x]", "[^a b]", "[^"]
)
def test_text_that_resembles_a_footnote_mark_is_indexed(text: str) -> None:
    post = make_post(body=f"<p>{text} two {text}</p>")
    assert body_in_the_index(post) == f"|{text} two {text}|"
