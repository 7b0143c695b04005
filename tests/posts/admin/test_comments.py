"""Comments on an article: on a paragraph that changes, to people by name, resolved and reopened."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from alarmroom.desk import letters, roles
from alarmroom.desk.bin import move_to_bin, restore
from alarmroom.desk.models import Letter
from posts import commenting
from posts.commenting import Paragraphs
from posts.models import Comment, Post
from posts.models.comment import LONGEST_COMMENT
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import said
from tests.posts.admin.members import member, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

BODY = (
    "<h2>Night</h2><p>Answer the call within ten seconds.</p>"
    "<p>Then ask where they are, before anything else.</p>"
)
ASK = "Then ask where they are, before anything else."


@pytest.fixture
def ruth() -> User:
    return member(roles.WRITER, "ruth")


@pytest.fixture
def dele() -> User:
    return member(roles.EDITOR, "dele")


@pytest.fixture
def draft(ruth: User) -> Post:
    return make_post(title="Night shift", owner=ruth, body=BODY, published_at=None)


def send(client: Client, post: Post, **data: Any) -> HttpResponse:
    return client.post(reverse("admin:posts_post_comments", args=[post.pk]), data)


def shown(client: Client, post: Post) -> str:
    return client.get(reverse("admin:posts_post_change", args=[post.pk])).content.decode()


def test_a_conversation_beside_the_text(ruth: User, dele: User, draft: Post) -> None:
    editor, writer = signed_in(dele), signed_in(ruth)
    text = "Who says so, @ruth?\n<b>Source</b>"
    added = send(editor, draft, **{"add": "1", "comment-new": text, "quote": ASK, "place": "2"})
    assert said(added) == "Added. ruth gets a mail." and "#section-comments" in added["Location"]
    assert mail.outbox == []
    letters.send_due()
    letters.send_due()
    [sent] = mail.outbox
    assert sent.to == ["ruth@psap.example"] and ASK in sent.body and "Who says so" in sent.body
    assert list(Comment.objects.naming(ruth)) == [Comment.objects.get()]
    page = shown(writer, draft)
    assert "1 open" in page and "&lt;b&gt;Source" in page and "<b>Source" not in page
    assert 'data-jump="2"' in page
    first = Comment.objects.get()
    send(writer, draft, **{"answer": first.pk, f"comment-{first.pk}": "The standard. @dele"})
    assert Comment.objects.get(thread=first).by == ruth
    assert Letter.objects.filter(to=dele).count() == 1
    assert "Resolved." in said(send(editor, draft, resolve=first.pk))
    assert "It is resolved already." in said(send(writer, draft, resolve=first.pk))
    page = shown(writer, draft)
    assert "None open" in page and "1 resolved" in page
    assert not Comment.objects.naming(ruth) and not Comment.objects.naming(dele)
    # An answer opens it again; so does the button.
    send(writer, draft, **{"answer": first.pk, f"comment-{first.pk}": "One more thing."})
    assert Comment.objects.get(pk=first.pk).resolved_at is None
    send(editor, draft, resolve=first.pk)
    assert "Open again." in said(send(editor, draft, reopen=first.pk))


def test_who_may_comment_and_be_named(ruth: User, dele: User, draft: Post) -> None:
    tom = member(roles.WRITER, "tom")
    assert send(signed_in(tom), draft, **{"add": "1", "comment-new": "Hm"}).status_code == 403
    viewer = signed_in(make_editor("posts.view_post"))
    text = "@tom @nobody @ruth, look. Or write to dele@psap.example"
    answer = send(viewer, draft, **{"add": "1", "comment-new": text})
    assert "ruth gets a mail" in said(answer)
    assert "@tom, @nobody: nobody of that name may see this article." in said(answer)
    assert [letter.to for letter in Letter.objects.all()] == [ruth]
    assert {name for name, _ in commenting.people_for(draft)} >= {"ruth", "dele"}
    assert "tom" not in {name for name, _ in commenting.people_for(draft)}
    # Of another article, no comment is answered or resolved here.
    other = make_post()
    theirs = Comment.objects.get()
    assert "not there any more" in said(send(viewer, other, answer=theirs.pk))
    send(viewer, other, resolve=theirs.pk)
    assert Comment.objects.get().resolved_at is None


def test_what_cannot_be_stored_is_said_and_lost_nowhere(dele: User, draft: Post) -> None:
    editor = signed_in(dele)
    for text, words in ((" ", "Write something"), ("x" * (LONGEST_COMMENT + 1), "Shorten it")):
        assert words in said(send(editor, draft, **{"add": "1", "comment-new": text}))
    for odd in ("-1", "x", "9" * 30, ""):
        sent = {"add": "1", "comment-new": "Hm", "place": odd, "quote": "q" * 9_000}
        assert send(editor, draft, **sent).status_code == 302
        assert send(editor, draft, answer=odd, resolve="").status_code == 302
    address = reverse("admin:posts_post_comments", args=[draft.pk])
    by_script = editor.post(address, {"add": "1"}, headers={"X-Requested-With": "fetch"})
    assert by_script.status_code == 422 and "Write something" in by_script.content.decode()
    good = {"add": "1", "comment-new": "Fine"}
    assert (
        "Fine" in editor.post(address, good, headers={"X-Requested-With": "fetch"}).content.decode()
    )


def test_a_comment_finds_its_paragraph_after_changes() -> None:
    moved = Paragraphs(f"<p>First.</p>{BODY}<p>More.</p>")
    assert moved.find(ASK, 2) == 3
    edited = Paragraphs(BODY.replace("before anything else", "first of all"))
    assert edited.find(ASK, 2) == 2
    gone = Paragraphs("<h2>Night</h2><p>Something different entirely stands here now.</p>")
    assert gone.find(ASK, 2) is None
    twice = Paragraphs("<p>Same.</p><p>Other.</p><p>Same.</p>")
    assert twice.find("Same.", 2) == 2 and twice.find("Same.", 9) == 0
    assert Paragraphs("").find(ASK, 1) is None and moved.find("", 1) is None


def test_the_page_says_on_what_text_that_is_gone_a_comment_was(dele: User, draft: Post) -> None:
    commenting.add(draft, dele, "Hm", quote=ASK, place=2)
    Post.objects.filter(pk=draft.pk).update(body="<p>All new.</p>")
    assert f"On text that is gone: “{ASK}”" in shown(signed_in(dele), draft)


def test_names_are_read_up_to_a_limit() -> None:
    assert commenting.names_in("@ruth. (@dele) @tom, a@b.example @@x @ @ruth") == [
        *("ruth", "dele", "tom", "x"),
    ]
    for text in ("@" * 2_000_000, "@a " * 1_000_000, "@" + "a" * 2_000_000):
        assert len(commenting.names_in(text)) <= 1
    many = " ".join(f"@n{number}" for number in range(500))
    assert len(commenting.names_in(many)) == commenting.MOST_NAMED


def test_queries_do_not_grow_with_comments(
    dele: User, draft: Post, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        first = commenting.add(draft, dele, "Hm", quote=ASK, place=2).comment
        commenting.add(draft, dele, "And", thread=first)
    with django_assert_max_num_queries(2):
        commenting.threads_of(draft, draft.body)


def test_the_bin_keeps_a_conversation_whole(ruth: User, dele: User, draft: Post) -> None:
    tom = member(roles.EDITOR, "tom")
    first = commenting.add(draft, tom, "Who says so, @ruth and @dele?", quote=ASK, place=2).comment
    commenting.add(draft, ruth, "The standard, @tom.", thread=first)
    other = commenting.add(draft, dele, "Too long.").comment
    commenting.resolve(draft, other.pk, tom)
    before = list(Comment.objects.order_by("pk").values())
    binned = move_to_bin(Post.objects.get(pk=draft.pk), ruth)
    assert not Comment.objects.exists()
    restore(binned, ruth)
    assert list(Comment.objects.order_by("pk").values()) == before
    assert [each.pk for each in Comment.objects.naming(ruth)] == [first.pk]
    assert [each.text for each in Comment.objects.naming(tom)] == ["The standard, @tom."]
    # The words stay when who said them is gone meanwhile; nobody that is gone is named.
    binned = move_to_bin(Post.objects.get(pk=draft.pk), ruth)
    tom.delete()
    restore(binned, ruth)
    assert Comment.objects.count() == 3
    back = Comment.objects.get(pk=first.pk)
    assert (back.by, back.text) == (None, first.text)
    assert [user.username for user in back.named.order_by("username")] == ["dele", "ruth"]
    assert not Comment.objects.get(text="The standard, @tom.").named.exists()
    assert "Somebody" in shown(signed_in(dele), draft)
