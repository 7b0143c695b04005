"""What the subscribers' migrations do to rows that were there before."""

import importlib
import io

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from PIL import Image

from subscribers.models import Resource
from tests.factories import make_resource, picture_file


@pytest.mark.django_db
@pytest.mark.parametrize(("mode", "whole"), [("RGB", "jpg"), ("RGBA", "png")])
def test_covers_that_were_there_get_their_copies(mode: str, whole: str) -> None:
    cover = picture_file(300, 420, mode=mode, colour=(200, 40, 30, 90)[: len(mode)])
    resource = make_resource(cover=ContentFile(cover.read(), name="cover.png"))
    Resource.objects.update(cover_copies={})
    importlib.import_module("subscribers.migrations.0005_make_cover_copies").make(apps, None)
    resource = Resource.objects.get()
    copies = resource.cover_copies
    assert copies.pop("of") == resource.cover.name
    assert whole in copies and {"avif", "webp"} >= set(copies) - {whole}
    for names in copies.values():
        sizes = []
        for name in names:
            with resource.cover.storage.open(name) as file:
                sizes.append(Image.open(io.BytesIO(file.read())).size)
        assert sizes == [(80, 112), (160, 224), (240, 336)]


@pytest.mark.django_db
def test_a_cover_that_cannot_be_read_stops_no_migration() -> None:
    make_resource()
    Resource.objects.update(cover="resources/gone.png", cover_width=80, cover_height=112)
    importlib.import_module("subscribers.migrations.0005_make_cover_copies").make(apps, None)
    assert Resource.objects.get().cover_copies == {"of": "resources/gone.png"}
