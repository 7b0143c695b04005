"""Changing a password, one's own or somebody else's: logged, and it ends the other sessions."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.desk.signing_in import guesses
from alarmroom.desk.signing_in.sessions import end_sessions


def own(request: HttpRequest, change: Callable[[], HttpResponse]) -> HttpResponse:
    """Let Django's page change one's own password. Guesses at the old one count as ever."""
    is_sent = request.method == "POST"
    if is_sent and guesses.is_locked(request, request.user):
        messages.error(request, guesses.locked_sentence())
        return redirect("admin:password_change")
    with transaction.atomic():
        response = change()
        if is_sent and response.status_code == HTTPStatus.FOUND:
            log.record(Act.Kind.PASSWORD, by=request.user)
            end_sessions(request.user, but=request.session.session_key)
    form = (getattr(response, "context_data", None) or {}).get("form")
    if is_sent and form is not None and form.has_error("old_password", "password_incorrect"):
        guesses.count_failure(request, request.user)
    return response


def of(person: Any, request: HttpRequest, change: Callable[[], HttpResponse]) -> HttpResponse:
    """Let Django's page change the password of somebody else, all of whose sessions end."""
    with transaction.atomic():
        response = change()
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            about = "" if person == request.user else f"Of {person.get_username()}"
            log.record(Act.Kind.PASSWORD, by=request.user, detail=about)
            mine = person == request.user
            end_sessions(person, but=request.session.session_key if mine else None)
    return response
