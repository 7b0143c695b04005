"""Which addresses the form accepts, and how they are stored."""

import pytest
from django.core.exceptions import ValidationError

from subscribers.forms import SignUpForm, clean_address

pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("reader@example.org", "reader@example.org"),
        ("Reader@Example.ORG", "reader@example.org"),
        ("  reader@example.org \t", "reader@example.org"),
        ("reader@example.org\r\n", "reader@example.org"),
        ("\u200breader@example.org\u200b", "reader@example.org"),
        ("reader+alarm@example.org", "reader+alarm@example.org"),
        ("reader@bücher.example.org", "reader@xn--bcher-kva.example.org"),
        ("reader@BÜCHER.example.org", "reader@xn--bcher-kva.example.org"),
        ("reader@xn--bcher-kva.example.org", "reader@xn--bcher-kva.example.org"),
    ],
)
def test_one_spelling_of_an_address_is_kept(typed: str, kept: str) -> None:
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Enter your e-mail address."),
        ("   ", "Enter your e-mail address."),
        ("reader", "must have an @-sign"),
        ("reader@", "after the @-sign"),
        ("@example.org", "before the @-sign"),
        ("reader@example", "should have a period"),
        ("reader@@example.org", "Check it and try again"),
        ("reader@example..org", "two periods"),
        ("rea der@example.org", "There is a space"),
        ("a@example.org, b@example.org", "enter only one address"),
        ("a@example.org,b@example.org", "Check it and try again"),
        ("Reader <reader@example.org>", "There is a space"),
        ("<reader@example.org>", "angle brackets"),
        ("reader@[127.0.0.1]", "IP address"),
        ("reader@localhost", "should have a period"),
        ("réader@example.org", "only the letters a to z"),
        ("reader@example.org\nBcc: victim@example.org", "on one line"),
        ("reader\r\n@example.org", "on one line"),
        ("reader\x00@example.org", "invisible character"),
        ("a" * 10_000, "10,000 characters long"),
        ("a" * 9_988 + "@example.org", "10,000 characters long"),
        ("é" * 10_000, "at most 254"),
        ("a" * 65 + "@example.org", "too long"),
        ("reader@" + "bücher." * 40 + "org", "characters"),
    ],
)
def test_a_bad_address_is_refused_in_words_that_say_what_to_do(typed: str, says: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_address(typed)
    assert says in refusal.value.messages[0]


def test_the_page_a_form_was_on_is_a_path_of_ours_or_nothing() -> None:
    for given, kept in {
        "/articles/the-twelfth-hour/": "/articles/the-twelfth-hour/",
        "https://evil.example/": "",
        "//evil.example/": "",
        "/\\evil.example/": "",
        "/a\nb": "",
        "/a\x00b": "",
        "": "",
        "/" + "a" * 5_000: "/" + "a" * 199,
    }.items():
        form = SignUpForm({"address": "reader@example.org", "source": given})
        assert form.is_valid(), form.errors
        assert form.cleaned_data["source"] == kept
