"""The claim of a worker on a picture: renewed with each copy, released when the worker stops."""

from datetime import datetime
from typing import Any

import pytest
from django.core.files.storage import Storage
from django.test import Client
from django.utils import timezone

from posts import copying
from posts.admin.images import ImageForm
from posts.copying import make
from posts.models.image import Image
from posts.pictures import renditions
from tests.factories import make_image, with_copies

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_a_claim_is_renewed_with_each_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "RENEW_AFTER", 0)
    claims: list[datetime | None] = []
    put = renditions.put

    def watched(storage: Storage, name: str, content: bytes) -> None:
        claims.append(Image.objects.get().renditions_due_at)
        put(storage, name, content)

    monkeypatch.setattr(copying, "put", watched)
    assert make(make_image(400, 300).pk)
    assert len(claims) > 2
    assert claims == sorted(set(claims))


def test_a_worker_that_lost_its_claim_stops_at_the_next_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copying, "RENEW_AFTER", 0)
    image, stored = make_image(400, 300), []
    theirs = timezone.now() + copying.LEASE

    def taken_over(storage: Storage, name: str, content: bytes) -> None:
        stored.append(name)
        Image.objects.update(renditions_due_at=theirs)

    monkeypatch.setattr(copying, "put", taken_over)
    assert not make(image.pk)
    assert len(stored) == 1
    assert Image.objects.get().renditions_due_at == theirs


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_worker_releases_its_claim(
    monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    image = make_image(400, 300)

    def stopped(*_: object) -> None:
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(copying, "put", stopped)
        with pytest.raises(stop):
            make(image.pk)
    assert make(image.pk)


def test_an_encoder_error_postpones_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("encoder error")

    monkeypatch.setattr(copying, "put", broken)
    image = make_image(400, 300)
    with pytest.raises(ValueError, match="encoder"):
        make(image.pk)
    due = Image.objects.get().renditions_due_at
    assert due is not None
    assert due > timezone.now() + copying.LEASE


# In the admin


def fields(**changed: Any) -> dict[str, Any]:
    return {"title": "Floor", "alt": "A console", "focal_x": 20, "focal_y": 30, **changed}


@pytest.mark.parametrize("done_by_a_worker", ["stored", "claimed"])
def test_saving_a_title_keeps_concurrent_changes_of_a_worker(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, done_by_a_worker: str
) -> None:
    image = make_image(60, 40)
    lease = timezone.now() + copying.LEASE
    clean = ImageForm.clean_focal_x

    def meanwhile(form: ImageForm) -> int:
        # The form has loaded its instance already.
        if done_by_a_worker == "stored":
            with_copies(Image.objects.get())
        else:
            Image.objects.update(renditions_due_at=lease)
        return clean(form)

    monkeypatch.setattr(ImageForm, "clean_focal_x", meanwhile)
    response = admin_client.post(f"/admin/posts/image/{image.pk}/change/", fields())
    assert response.status_code == 302
    found = Image.objects.get()
    assert (found.title, found.focal_x, found.focal_y) == ("Floor", 20, 30)
    if done_by_a_worker == "stored":
        assert found.renditions
        assert found.renditions_due_at is None
    else:
        assert found.renditions_due_at == lease


def test_the_change_page_shows_the_state_of_the_copies(admin_client: Client) -> None:
    image = make_image(400, 300)
    url = f"/admin/posts/image/{image.pk}/change/"

    def page(**fields: Any) -> str:
        Image.objects.update(**fields)
        return admin_client.get(url).content.decode()

    now = timezone.now()
    assert "Waiting for a worker." in page()
    assert "Being made right now." in page(renditions_due_at=now + copying.LEASE)
    assert "The next try is at" in page(renditions_due_at=now + copying.RETRY)
    assert "the file cannot be read" in page(renditions_due_at=None)
    Image.objects.update(renditions_due_at=now)
    with_copies(image)
    assert "Stored, in 3 widths." in page()
