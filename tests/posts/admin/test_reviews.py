"""Submitting, approving, asking for changes: who may, who is told, and who comes second."""

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import letters, revisions, roles
from alarmroom.desk.models import Letter
from posts import reviewing
from posts.models import Post, Review
from tests.factories import make_editor, make_post
from tests.helpers import at_once
from tests.posts.admin.desk import act, form, said
from tests.posts.admin.members import member, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def ruth() -> User:
    return member(roles.WRITER, "ruth")


@pytest.fixture
def dele() -> User:
    return member(roles.EDITOR, "dele")


@pytest.fixture
def draft(ruth: User) -> Post:
    return make_post(title="Night shift", owner=ruth, published_at=None)


def page(post: Post, what: str = "review") -> str:
    return reverse(f"admin:posts_post_{what}", args=[post.pk])


def decision(post: Post, verdict: str, note: str = "") -> dict[str, str]:
    stands = Post.objects.get(pk=post.pk)
    return {"act": verdict, "note": note, "version": revisions.head_of(stands).version}


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_from_writing_to_approved(ruth: User, dele: User, draft: Post) -> None:
    writer, editor = signed_in(ruth), signed_in(dele)
    assert "Submit for review…" in text(writer, page(draft, "change"))
    # The button saves what was typed, and goes on to the page that submits.
    data = form(title="Night shift", slug=draft.slug, author=draft.author_id, body="<p>New.</p>")
    saved = writer.post(page(draft, "change"), data | {"_review": "1"})
    assert saved["Location"] == page(draft)
    assert Post.objects.get(pk=draft.pk).body == "<p>New.</p>"
    writer.post(page(draft), {"act": "submit", "note": "The numbers are from APCO."})
    assert list(Post.objects.in_review()) == [draft]
    shown = text(editor, page(draft, "change"))
    assert "state-review" in shown and "The numbers are from APCO." in shown and "Review…" in shown
    # Writing goes on, which is said.
    data = form(title="Night shift", slug=draft.slug, author=draft.author_id, body="<p>Newer.</p>")
    writer.post(page(draft, "change"), data | {"_continue": "1"})
    assert list(Post.objects.in_review()) == [draft]
    assert "It was changed after that" in text(editor, page(draft))
    answer = editor.post(page(draft), decision(draft, "approve", "Good."), follow=True)
    assert "Approved. ruth gets a mail." in said(answer)
    shown = text(writer, page(draft, "change"))
    assert "state-draft" in shown and "<strong>Approved</strong> by dele" in shown
    # Nothing was published by it.
    assert Post.objects.get(pk=draft.pk).published_at is None


def test_changes_asked_for_reach_the_writer_by_mail_and_stand_on_the_article(
    ruth: User, dele: User, draft: Post, settings: Any
) -> None:
    reviewing.submit(draft, ruth)
    editor = signed_in(dele)
    without = editor.post(page(draft), decision(draft, "changes"), follow=True)
    assert "Say what should change" in said(without) and Post.objects.in_review().exists()
    note = "Who said this?\n<b>Name</b> a source."
    editor.post(page(draft), decision(draft, "changes", note))
    assert mail.outbox == [], "no page waits for a mail server"
    letters.send_due()
    [sent] = mail.outbox
    assert sent.to == ["ruth@psap.example"] and "asks for changes to “Night shift”" in sent.subject
    assert "Who said this?" in sent.body and page(draft, "change") in sent.body
    html = sent.alternatives[0][0]
    assert "&lt;b&gt;Name&lt;/b&gt;" in html and "<b>Name" not in html
    shown = text(signed_in(ruth), page(draft, "change"))
    assert "dele asks for changes" in shown and "&lt;b&gt;Name&lt;/b&gt;" in shown
    assert "Submit for review…" in shown
    letters.send_due()
    assert len(mail.outbox) == 1


def test_the_second_to_decide_is_told(ruth: User, dele: User, draft: Post) -> None:
    reviewing.submit(draft, ruth)
    first, second = signed_in(dele), signed_in(member(roles.PUBLISHER, "mara"))
    seen = decision(draft, "approve")
    first.post(page(draft), decision(draft, "changes", "More sources."))
    late = second.post(page(draft), seen, follow=True)
    assert "dele asked for changes already" in said(late)
    assert Review.objects.get().verdict == Review.Verdict.CHANGES
    assert Letter.objects.count() == 1


# A test that commits has no groups, for what the one before it committed was flushed.
WRITES = ("posts.add_post", "posts.change_post")
EDITS = (*WRITES, "posts.view_post", "posts.change_any_post")


def people() -> tuple[User, User, User]:
    """A writer, an editor and a publisher."""
    held = (WRITES, EDITS, (*EDITS, "posts.publish_post"))
    names = ("ruth", "dele", "mara")
    ruth, dele, mara = (
        make_editor(*each, username=name, email=f"{name}@psap.example")
        for each, name in zip(held, names, strict=True)
    )
    return ruth, dele, mara


SAID = ("gets a mail", "Taken back: nobody", "Submitted. You may")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("approve", "changes"),
        ("approve", "approve"),
        ("changes", "take_back"),
        ("approve", "take_back"),
        ("submit", "submit"),
    ],
)
def test_of_two_at_once_one_decides_and_the_other_is_told(one: str, other: str) -> None:
    ruth, dele, mara = people()
    draft = make_post(title="Night shift", owner=ruth, published_at=None)
    if one != "submit":
        reviewing.submit(draft, ruth)
    own = {"submit", "take_back"}
    # The writer in two tabs, or the writer and who decides, or two who decide.
    who_acts = [ruth if act in own else who for act, who in ((one, dele), (other, mara))]
    notes = [decision(draft, act, f"Note of {act}.") for act in (one, other)]
    answers = at_once(
        *(
            partial(signed_in(user).post, page(draft), sent, follow=True)
            for user, sent in zip(who_acts, notes, strict=True)
        )
    )
    words = [said(answer) for answer in answers]
    won = [any(each in sentence for each in SAID) for sentence in words]
    assert sorted(won) == [False, True], words
    late = words[won.index(False)]
    assert "Nothing was done" in late or "It is in review already" in late
    review = Review.objects.get()
    if one == "submit":
        assert review.is_open
        assert Letter.objects.count() == 0
        return
    act = (one, other)[won.index(True)]
    verdicts = {"approve": "approved", "changes": "changes", "take_back": "taken_back"}
    assert review.verdict == verdicts[act]
    assert review.decided_by == who_acts[won.index(True)]
    assert review.answer == ("" if act == "take_back" else f"Note of {act}.")
    # The writer gets the mail of the one who decided, and no other.
    letters_said = [letter.context["said"] for letter in Letter.objects.all()]
    assert letters_said == ([] if act == "take_back" else [f"Note of {act}."])


@pytest.mark.django_db(transaction=True)
def test_publishing_and_asking_for_changes_at_once() -> None:
    ruth, dele, mara = people()
    draft = make_post(title="Night shift", owner=ruth, published_at=None)
    reviewing.submit(draft, ruth)
    asked = decision(draft, "changes", "More sources.")
    typed = form(title="Night shift", slug=draft.slug, author=draft.author_id, _publish="1")
    _, told = at_once(
        partial(signed_in(mara).post, page(draft, "change"), typed, follow=True),
        partial(signed_in(dele).post, page(draft), asked, follow=True),
    )
    assert Post.objects.get(pk=draft.pk).is_published
    review = Review.objects.get()
    assert Letter.objects.count() == 1
    if review.verdict == Review.Verdict.CHANGES:
        assert "gets a mail" in said(told)
    else:
        assert review.verdict == Review.Verdict.PUBLISHED
        assert any(words in said(told) for words in ("published it already", "changed meanwhile"))


def test_nobody_decides_about_a_text_that_they_have_not_seen(
    ruth: User, dele: User, draft: Post
) -> None:
    reviewing.submit(draft, ruth)
    seen = decision(draft, "approve")
    Post.objects.filter(pk=draft.pk).update(body="<p>Something else.</p>")
    late = signed_in(dele).post(page(draft), seen, follow=True)
    assert "It was changed meanwhile" in said(late) and Post.objects.in_review().exists()


def test_who_decides(ruth: User, dele: User, draft: Post) -> None:
    reviewing.submit(draft, ruth)
    writer = signed_in(ruth)
    assert writer.post(page(draft), decision(draft, "approve")).status_code == 403
    assert "Take it back" in text(writer, page(draft))
    # Not about what one submitted oneself.
    mine = make_post(owner=dele, published_at=None)
    reviewing.submit(mine, dele)
    assert signed_in(dele).post(page(mine), decision(mine, "approve")).status_code == 403
    other = signed_in(member(roles.WRITER, "tom"))
    assert other.get(page(draft)).status_code == 403
    assert other.post(page(draft), {"act": "take_back"}).status_code == 403
    # Twice by one finger, or in two tabs.
    again = writer.post(page(draft), {"act": "submit"}, follow=True)
    assert "It is in review already" in said(again)
    writer.post(page(draft), {"act": "take_back"})
    assert "Nothing was done" in said(writer.post(page(draft), {"act": "take_back"}, follow=True))
    assert list(Post.objects.in_review()) == [mine]
    assert not Letter.objects.exists()


@pytest.mark.parametrize("how", ["form", "date", "action"])
def test_publishing_ends_the_review_and_tells_the_writer(ruth: User, draft: Post, how: str) -> None:
    reviewing.submit(draft, ruth)
    publisher = signed_in(member(roles.PUBLISHER, "mara"))
    assert "Publish now" in text(publisher, page(draft, "change"))
    data = form(title="Night shift", slug=draft.slug, author=draft.author_id)
    if how == "action":
        act(publisher, "publish_now", draft)
    elif how == "form":
        publisher.post(page(draft, "change"), data | {"_publish": "1"})
    else:
        when = {"published_at_0": "2046-01-02", "published_at_1": "09:00"}
        publisher.post(page(draft, "change"), data | when | {"_save": "1"})
    assert Review.objects.get().verdict == Review.Verdict.PUBLISHED
    heading = Letter.objects.get().context["heading"]
    assert heading == f"mara {'scheduled' if how == 'date' else 'published'} “Night shift”"


def test_the_button_of_a_review_never_updates_what_readers_see(ruth: User, dele: User) -> None:
    post = make_post(title="Night shift", body="<p>Old.</p>")
    publisher = signed_in(member(roles.PUBLISHER, "mara"))
    reviewing.submit(post, dele)
    data = form(title=post.title, slug=post.slug, author=post.author_id, body="<p>New.</p>")
    publisher.post(page(post, "change"), data | {"_review": "1", "_update": "1"})
    assert Post.objects.get(pk=post.pk).body == "<p>Old.</p>"
    assert Review.objects.get().is_open


def test_the_list_names_the_state_and_filters_by_it(
    ruth: User, dele: User, draft: Post, django_assert_max_num_queries: Any
) -> None:
    reviewing.submit(draft, ruth)
    make_post(published_at=None)
    client = signed_in(dele)
    address = reverse("admin:posts_post_changelist")
    found = client.get(address, {"state": "review"})
    assert [post.pk for post in found.context["cl"].queryset] == [draft.pk]
    assert "state-review" in found.content.decode()
    drafts = client.get(address, {"state": "draft"}).context["cl"].queryset
    assert draft.pk not in [post.pk for post in drafts]
    for _ in range(10):
        reviewing.submit(make_post(published_at=None), ruth)
    with django_assert_max_num_queries(15):
        client.get(address)


def test_a_letter_waits_for_a_server_that_is_away(
    ruth: User, dele: User, draft: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewing.submit(draft, ruth)
    reviewing.decide(Review.objects.get(), Review.Verdict.APPROVED, dele)

    def away(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        letters.send_due()
    letter = Letter.objects.get()
    assert letter.state == "queued" and letter.due_at > timezone.now() and letter.last_error
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert Letter.objects.get().state == "sent" and len(mail.outbox) == 1
