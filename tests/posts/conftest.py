import pytest
from django.test import Client

from tests.factories import make_editor


@pytest.fixture
def desk() -> Client:
    """An editor who may do everything, signed in."""
    client = Client()
    client.force_login(make_editor())
    return client
