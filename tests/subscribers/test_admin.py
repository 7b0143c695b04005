"""What editors can and cannot do about subscribers."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from subscribers.models import ConsentEvent, Notice, Resource, Subscriber, Suppression
from tests.factories import (
    make_image,
    make_pending,
    make_resource,
    make_subscriber,
    make_suppression,
)

pytestmark = pytest.mark.django_db
State = Subscriber.State
BASE = "/admin/subscribers"


def act(client: Client, model: str, action: str, *rows) -> str:
    sent = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(f"{BASE}/{model}/", sent, follow=True)
    if shown := response.context.get("shown"):
        # The page that says what will happen.
        response = client.post(f"{BASE}/{model}/", {**sent, "_shown": shown}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_strangers_see_nothing(client: Client) -> None:
    for model in ["subscriber", "consentevent", "suppression", "resource", "notice"]:
        assert client.get(f"{BASE}/{model}/").status_code == 302


def test_nobody_is_signed_up_by_hand(admin_client: Client) -> None:
    assert admin_client.get(f"{BASE}/subscriber/add/").status_code == 403


def test_a_subscriber_is_found_by_the_beginning_of_the_address(admin_client: Client) -> None:
    make_subscriber("anna@example.org")
    make_subscriber("hanna@example.org")
    html = admin_client.get(f"{BASE}/subscriber/", {"q": " ANNA "}).content.decode()
    assert "anna@example.org" in html
    assert "hanna@example.org" not in html
    html = admin_client.get(f"{BASE}/subscriber/", {"state": "pending"}).content.decode()
    assert "anna@example.org" not in html


def test_a_subscriber_is_shown_without_the_keys_and_cannot_be_edited(
    admin_client: Client,
) -> None:
    reader = make_subscriber("reader@example.org")
    url = f"{BASE}/subscriber/{reader.pk}/change/"
    html = admin_client.get(url).content.decode()
    assert "reader@example.org" in html
    assert reader.key not in html
    assert reader.confirm_key not in html
    assert 'name="_save"' not in html
    response = admin_client.post(url, {"address": "other@example.org", "state": "pending"})
    assert response.status_code == 403
    reader.refresh_from_db()
    assert (reader.address, reader.state) == ("reader@example.org", State.CONFIRMED)


def test_unsubscribing_is_recorded_with_who_did_it(admin_client: Client) -> None:
    reader, gone = make_subscriber(), make_subscriber(state=State.UNSUBSCRIBED)
    html = act(admin_client, "subscriber", "unsubscribe", reader, gone)
    assert "1 of 1 unsubscribed." in html
    event = ConsentEvent.objects.get()
    assert (event.kind, event.where) == ("unsubscribed", "the admin, by admin")


def test_suppressing_from_the_list(admin_client: Client) -> None:
    reader = make_subscriber("reader@example.org")
    assert "1 of 1 suppressed." in act(admin_client, "subscriber", "suppress", reader)
    assert Suppression.objects.get().reason == "editor"
    assert not Subscriber.objects.mailable().exists()


def test_erasing_a_subscriber_leaves_the_record(admin_client: Client) -> None:
    reader = make_subscriber("reader@example.org")
    Notice.objects.create(subscriber=reader, kind="welcome", state="sent")
    url = f"{BASE}/subscriber/{reader.pk}/delete/"
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not Subscriber.objects.exists()
    event = ConsentEvent.objects.get()
    assert (event.address, event.kind) == ("reader@example.org", "unsubscribed")
    assert event.where == "erased in the admin, by admin"


def test_erasing_several_at_once_is_recorded_too(admin_client: Client) -> None:
    rows = [make_subscriber(), make_pending()]
    admin_client.post(
        f"{BASE}/subscriber/",
        {
            "action": "delete_selected",
            "_selected_action": [row.pk for row in rows],
            "post": "yes",
        },
    )
    assert not Subscriber.objects.exists()
    assert ConsentEvent.objects.count() == 2


def test_the_consent_record_is_only_to_be_read(admin_client: Client) -> None:
    event = ConsentEvent.objects.create(address="reader@example.org", kind="requested")
    assert "reader@example.org" in admin_client.get(f"{BASE}/consentevent/").content.decode()
    assert admin_client.get(f"{BASE}/consentevent/{event.pk}/change/").status_code == 200
    for page in ["add", f"{event.pk}/delete"]:
        assert admin_client.get(f"{BASE}/consentevent/{page}/").status_code == 403
    assert admin_client.post(f"{BASE}/consentevent/{event.pk}/change/").status_code == 403


def test_any_spelling_of_an_address_is_suppressed(admin_client: Client) -> None:
    reader = make_subscriber("reader@xn--bcher-kva.example.org")
    response = admin_client.post(
        f"{BASE}/suppression/add/",
        {"address": " Reader@BÜCHER.example.org ", "reason": "request", "note": "phoned"},
    )
    assert response.status_code == 302
    assert Suppression.objects.get().address == reader.address
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED
    event = ConsentEvent.objects.get()
    assert event.where == "the admin, by admin; asked never to be mailed; phoned"


@pytest.mark.parametrize("address", ["", "reader", "a\nb@example.org", "a" * 10_000])
def test_a_bad_address_is_not_suppressed_and_kept_in_the_form(
    admin_client: Client, address: str
) -> None:
    response = admin_client.post(
        f"{BASE}/suppression/add/", {"address": address, "reason": "request"}
    )
    assert response.status_code == 200
    assert address.split("\n")[0] in response.content.decode()
    assert not Suppression.objects.exists()


def test_suppressing_an_address_twice_is_told(admin_client: Client) -> None:
    make_suppression("reader@example.org")
    response = admin_client.post(
        f"{BASE}/suppression/add/", {"address": "READER@example.org", "reason": "editor"}
    )
    assert b"already exists" in response.content
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize("in_bulk", [True, False])
def test_lifting_a_suppression_is_recorded_and_brings_nobody_back(
    admin_client: Client, in_bulk: bool
) -> None:
    reader = make_subscriber("reader@example.org")
    act(admin_client, "subscriber", "suppress", reader)
    suppression = Suppression.objects.get()
    if in_bulk:
        data = {
            "action": "delete_selected",
            "_selected_action": [suppression.pk],
            "post": "yes",
        }
        admin_client.post(f"{BASE}/suppression/", data)
    else:
        admin_client.post(f"{BASE}/suppression/{suppression.pk}/delete/", {"post": "yes"})
    assert not Suppression.objects.exists()
    assert ConsentEvent.objects.first().kind == "released"
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED


def resource_form(**fields) -> dict:
    return {
        "title": "The first ninety days",
        "slug": "",
        "description": "A plan.",
        "position": 1,
        "file": SimpleUploadedFile("Plan (final).pdf", b"%PDF-1.4 plan"),
        **fields,
    }


def test_a_resource_is_kept_privately_and_its_cover_cleaned(
    admin_client: Client, private_root: Path, settings
) -> None:
    picture = make_image(600, 780).file.read()
    cover = SimpleUploadedFile("../evil.html", picture + b"<script>alert(1)</script>")
    response = admin_client.post(f"{BASE}/resource/add/", resource_form(cover=cover))
    assert response.status_code == 302, response.context["adminform"].form.errors
    resource = Resource.objects.get()
    assert resource.slug == "the-first-ninety-days"
    assert Path(resource.file.path).is_relative_to(private_root)
    assert resource.cover.name.endswith(".jpg")
    assert b"<script>" not in resource.cover.read()
    assert (resource.cover_width, resource.cover_height) == (369, 480)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"file": SimpleUploadedFile("run.exe", b"MZ")}, "Upload a PDF"),
        ({"file": SimpleUploadedFile("page.html", b"<script>")}, "Upload a PDF"),
        ({"file": ""}, "This field is required"),
        ({"cover": SimpleUploadedFile("x.svg", b"<svg/>")}, "SVG is not accepted"),
        ({"cover": SimpleUploadedFile("x.jpg", b"no picture")}, "not a picture we can read"),
    ],
)
def test_a_bad_upload_is_told_and_what_was_typed_is_kept(
    admin_client: Client, fields: dict, says: str
) -> None:
    response = admin_client.post(f"{BASE}/resource/add/", resource_form(**fields))
    html = response.content.decode()
    assert response.status_code == 200
    assert says in html
    assert "A plan." in html
    assert not Resource.objects.exists()


def test_a_resource_is_edited_without_uploading_it_again(admin_client: Client) -> None:
    resource = make_resource("Old title", b"the plan")
    url = f"{BASE}/resource/{resource.pk}/change/"
    html = admin_client.get(url).content.decode()
    assert "checklist.pdf</a>" in html
    assert "/resources/" in html
    form = resource_form(title="New title", slug=resource.slug)
    del form["file"]
    assert admin_client.post(url, form).status_code == 302
    resource.refresh_from_db()
    assert resource.title == "New title"
    assert resource.file.read() == b"the plan"


def test_the_order_of_the_resources_is_set_in_the_list(admin_client: Client) -> None:
    make_resource()
    assert b'name="form-0-position"' in admin_client.get(f"{BASE}/resource/").content


def test_notices_are_only_to_be_read_but_can_be_tried_again(admin_client: Client) -> None:
    failed = Notice.objects.create(
        subscriber=make_pending(), kind="confirm", state="failed", tries=13, last_error="451 no"
    )
    sent = Notice.objects.create(subscriber=make_subscriber(), kind="welcome", state="sent")
    assert b"451 no" in admin_client.get(f"{BASE}/notice/").content
    assert admin_client.get(f"{BASE}/notice/add/").status_code == 403
    assert admin_client.get(f"{BASE}/notice/{sent.pk}/delete/").status_code == 403
    html = act(admin_client, "notice", "try_again_now", failed, sent)
    assert "1 put back into the queue. 1 left alone" in html
    failed.refresh_from_db()
    assert (failed.state, failed.tries) == ("queued", 0)
    assert failed.due_at <= timezone.now()


def test_whoever_may_only_look_cannot_make_us_mail(client: Client, django_user_model) -> None:
    from django.contrib.auth.models import Permission

    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    names = ["view_notice", "view_subscriber"]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(viewer)
    failed = Notice.objects.create(subscriber=make_pending(), kind="confirm", state="failed")
    act(client, "notice", "try_again_now", failed)
    failed.refresh_from_db()
    assert failed.state == "failed"
    reader = make_subscriber()
    act(client, "subscriber", "unsubscribe", reader)
    reader.refresh_from_db()
    assert reader.state == State.CONFIRMED


@pytest.mark.parametrize("model", ["subscriber", "notice", "consentevent", "suppression"])
def test_lists_take_the_same_few_queries_however_long_they_are(
    admin_client: Client, model: str, django_assert_max_num_queries
) -> None:
    for number in range(30):
        address = f"reader{number}@example.org"
        reader = make_subscriber(address)
        Notice.objects.create(subscriber=reader, kind="welcome")
        ConsentEvent.objects.create(subscriber=reader, address=address, kind="requested")
        make_suppression(address)
    with django_assert_max_num_queries(6):
        assert admin_client.get(f"{BASE}/{model}/").status_code == 200
