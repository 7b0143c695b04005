"""The sign-up form: one field, the e-mail address."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

from subscribers import wording

MAX_ADDRESS_LENGTH = 254  # RFC 5321 4.5.3.1.3: 256 with the angle brackets
MAX_SOURCE_LENGTH = 200
# Invisible characters that pasted text often has at its start or end.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def clean_address(typed: str) -> str:
    """Return an address as it is stored: ASCII, in lower case, the domain in punycode.

    Raises ValidationError; its message says what to do. There is no DNS lookup: a slow
    resolver must not turn a reader away.
    """
    address = typed.strip().strip(INVISIBLE).strip()
    if not address:
        raise ValidationError("Enter your e-mail address.", code="empty")
    if len(address) > MAX_ADDRESS_LENGTH:
        raise ValidationError(
            f"This is {len(address):,} characters long, and an e-mail address has at most "
            f"{MAX_ADDRESS_LENGTH}. Enter only your address.",
            code="too_long",
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in address):
        raise ValidationError(
            "There is a line break or an invisible character in this address. "
            "Type it again, on one line.",
            code="control_character",
        )
    if any(character.isspace() for character in address):
        raise ValidationError(
            "There is a space in this address. Take it out, or enter only one address.",
            code="space",
        )
    if address.count("@") == 1 and not address.partition("@")[0].isascii():
        raise ValidationError(
            "The part before the @ has a letter that many mail servers do not accept. "
            "Enter an address with only the letters a to z, digits and signs there.",
            code="local_part",
        )
    try:
        valid = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValidationError(
            f"{error} Check it and try again; an address looks like name@example.org.",
            code="malformed",
        ) from error
    # Never None: with allow_smtputf8=False, validate_email() refuses what has no ASCII form.
    return str(valid.ascii_email).lower()


def local_path(source: str) -> str:
    """Return the path of the page that a form was on, or "" if it is not a path of this site."""
    if not source.startswith("/") or source.startswith("//") or "\\" in source:
        return ""
    return source[:MAX_SOURCE_LENGTH] if source.isprintable() else ""


class AddressField(forms.Field):
    """An e-mail address; comes out as `clean_address` returns it."""

    widget = forms.EmailInput(
        attrs={
            "class": "signup__input",
            "autocomplete": "email",
            "placeholder": "name@example.org",
        }
    )
    default_error_messages = {"required": "Enter your e-mail address."}

    def to_python(self, value: Any) -> str:
        return clean_address(value) if isinstance(value, str) and value else ""


class SignUpForm(forms.Form):
    """Takes an address and asks for nothing else.

    The hidden fields say which page the form was on and which version of the consent text it
    showed. Both are stored with the consent. A wrong value in them is replaced, not refused.
    """

    address = AddressField(label="E-mail address")
    source = forms.CharField(required=False, widget=forms.HiddenInput, strip=True)
    wording = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # A page may have several sign-up boxes, so no field has an id.
        kwargs.setdefault("auto_id", False)
        super().__init__(*args, **kwargs)
        for hidden in ("source", "wording"):
            # A NUL in a hidden value must not refuse the sign-up.
            self.fields[hidden].validators = []

    def clean_source(self) -> str:
        return local_path(self.cleaned_data["source"])

    def clean_wording(self) -> str:
        return wording.text_of(self.cleaned_data["wording"])
