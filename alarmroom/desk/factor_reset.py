"""Resetting the second factor of somebody who lost it, for who may change the account."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_post_parameters

from alarmroom.desk.accounts import may_manage
from alarmroom.desk.signing_in import confirming, factors
from alarmroom.desk.signing_in.account import answer, page
from alarmroom.desk.signing_in.confirming import ConfirmingForm
from alarmroom.methods import allow


def urls(site: admin.AdminSite) -> list[URLPattern]:
    view = site.admin_view(allow("GET", "HEAD", "POST")(partial(reset_for, site)))
    return [
        path(
            "account/<int:pk>/reset/", sensitive_post_parameters()(view), name="second_factor_reset"
        )
    ]


def reset_for(site: admin.AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks; POST removes the second factor of somebody who lost it."""
    user: Any = request.user
    if not user.has_perm("auth.change_user"):
        raise PermissionDenied
    person = get_object_or_404(get_user_model(), pk=pk)
    if not may_manage(user, person):
        raise PermissionDenied
    # Nobody resets his or her own without a code.
    if person.pk == user.pk:
        return redirect("admin:signing_in")
    form = ConfirmingForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        confirming.use_up(request)
        if factors.remove(person, by=user):
            messages.success(
                request,
                f"The second factor of {person} is removed, and every session ended. At the next "
                "sign-in the password is enough, or a new one is set up first.",
            )
        else:
            messages.info(request, f"{person} had no second factor.")
        return redirect("admin:auth_user_change", pk)
    title = f"Reset the second factor of {person}"
    return answer(
        form,
        page(site, request, "confirm_reset", title=title, form=form, person=person),
    )
