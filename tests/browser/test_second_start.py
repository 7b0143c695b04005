"""`make run` a second time. It runs last, so that there is data from the tests before."""

from tests import helpers
from tests.browser.stack import Stack

MODELS = "from posts.models import Post\nfrom subscribers.models import Resource, Subscriber\n"


def shell(stack: Stack, code: str) -> str:
    return helpers.shell(MODELS + code, env=stack.env)


def test_a_second_start_keeps_everything_and_sets_nothing_up_again(stack: Stack) -> None:
    password = stack.password
    assert "Loading the demo" in stack.log.read_text()
    stack.stop()
    shell(
        stack,
        "Resource.objects.get(slug='after-call-check-in').delete()\n"
        "Post.objects.filter(slug='the-chair-is-the-career').update(title='Ours')\n"
        "Subscriber.objects.create(address='kept@example.org', state='pending')",
    )
    pictures = {path.name for path in (stack.data_dir / "media").rglob("*")}
    stack.start()
    assert stack.password == password
    said = stack.log.read_text()
    assert password in said
    assert "Loading the demo" not in said
    counted = shell(
        stack,
        "print(Resource.objects.count(), Post.objects.filter(title='Ours').count(),"
        " Subscriber.objects.get(address='kept@example.org').state)",
    )
    assert counted == "1 1 pending"
    assert pictures <= {path.name for path in (stack.data_dir / "media").rglob("*")}
