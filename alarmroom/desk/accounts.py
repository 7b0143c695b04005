"""People and their roles: who may give which rights to whom.

Django lets everybody who may change accounts change all of them, so that one could make oneself a
superuser. Here nobody gives, takes or overrules a right that he or she does not have: an account
is changed only by whoever holds all of its permissions, and a role likewise.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import log
from alarmroom.desk.models import Act
from alarmroom.desk.signing_in import factors, password_change

if TYPE_CHECKING:
    UserAdminBase = UserAdmin[User]
    ChangeFormBase = UserChangeForm[User]
    AddFormBase = AdminUserCreationForm[User]
else:
    UserAdminBase = UserAdmin
    ChangeFormBase, AddFormBase = UserChangeForm, AdminUserCreationForm

SUPERUSER = "superuser"


def permissions_of(user: Any) -> set[int]:
    """Return the keys of all permissions of an account, whether it may sign in or not."""
    own = Q(user=user.pk) | Q(group__user=user.pk)
    return set(Permission.objects.filter(own).values_list("pk", flat=True))


def may_manage(actor: Any, person: Any) -> bool:
    """Whether an account holds every right of another, and so may change it."""
    if actor.is_superuser:
        return True
    return not person.is_superuser and permissions_of(person) <= permissions_of(actor)


def roles_within(actor: Any) -> QuerySet[Group]:
    """Return the groups whose every permission this account has: those that it may give."""
    if actor.is_superuser:
        return Group.objects.order_by("pk")
    beyond = Count("permissions", filter=~Q(permissions__in=permissions_of(actor)))
    return Group.objects.annotate(beyond=beyond).filter(beyond=0).order_by("pk")


def rights_of(person: Any) -> set[str]:
    """Return the names of the roles of an account, and of what it holds besides."""
    found = {str(name) for name in person.groups.values_list("name", flat=True)}
    found |= {str(one.name) for one in person.user_permissions.all()}
    return found | ({SUPERUSER} if person.is_superuser else set())


class RoleChoice(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class PersonFields(forms.ModelForm):
    """What both forms of an account share. `actor` is who sends it."""

    actor: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields.get("groups")
        if groups:
            groups.queryset = roles_within(self.actor)
            groups.label = "Roles"
            groups.help_text = "Only roles whose every right you have yourself can be given."
        if name := self.fields.get("username"):
            name.label = "User name"
            name.help_text = "To sign in with: letters, digits, and any of @ . + - _"
        if email := self.fields.get("email"):
            email.help_text = "For what the desk has to tell, and for a forgotten password."
        if active := self.fields.get("is_active"):
            active.label = "May sign in"
            active.help_text = "Whoever left keeps the name on what he or she wrote."


class PersonChangeForm(PersonFields, ChangeFormBase):
    """The form of an account that exists."""

    class Meta(UserChangeForm.Meta):
        field_classes = {**UserChangeForm.Meta.field_classes, "groups": RoleChoice}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        own = self.instance.pk == self.actor.pk
        for name in ("is_active", "is_staff", "is_superuser"):
            if own and name in self.changed_data and not data.get(name):
                self.add_error(name, "You cannot lock yourself out. Somebody else has to do this.")
        stays = data.get("is_active", True) and data.get("is_superuser", True)
        if self.instance.is_superuser and not stays and not self.others_administer():
            raise ValidationError("This is the last account that may do everything. It stays.")
        return data

    def others_administer(self) -> bool:
        """Whether another superuser can sign in; that stays true until this is saved."""
        rows = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
        return any(pk != self.instance.pk for pk in rows.values_list("pk", flat=True))


class PersonAddForm(PersonFields, AddFormBase):
    """The form of a new account."""

    class Meta(AdminUserCreationForm.Meta):
        fields = ("username", "first_name", "last_name", "email", "groups")
        field_classes = {**AdminUserCreationForm.Meta.field_classes, "groups": RoleChoice}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True


class PersonAdmin(UserAdminBase):
    """The accounts of the desk."""

    guide = {"": "people"}
    form = PersonChangeForm
    add_form = PersonAddForm
    add_form_template = None
    list_display = ["username", "full_name", "email", "roles", "is_active", "last_login"]
    list_display_links = ["username", "full_name"]
    list_filter = ["is_active", "groups"]
    filter_horizontal = ["user_permissions"]
    readonly_fields = ["new_password", "last_login", "date_joined"]
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "groups")}),
        ("Password", {"fields": ("password1", "password2")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "new_password")}),
        ("What they may do", {"fields": ("is_active", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    technical = ("is_staff", "is_superuser", "user_permissions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        groups = Prefetch("groups", queryset=Group.objects.order_by("pk"))
        return super().get_queryset(request).prefetch_related(groups)

    @admin.display(description="name", ordering="first_name")
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @admin.display(description="password")
    def new_password(self, person: User) -> SafeString:
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('<a href="{}">Set a new password…</a>', url)

    @admin.display(description="roles")
    def roles(self, person: User) -> str:
        names = [group.name for group in person.groups.all()]
        return ", ".join([*(["Everything"] if person.is_superuser else []), *names]) or "None"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found = list(super().get_fieldsets(request, obj))
        if obj is not None and request.user.is_superuser:
            found.insert(2, ("Rights besides the roles", {"fields": self.technical}))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        found = [*super().get_readonly_fields(request, obj)]
        if obj is not None and obj.pk == request.user.pk and not request.user.is_superuser:
            # Nobody loses a role by a slip of his or her own.
            found += ["groups", "is_active"]
        return found

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "groups":
            # A role is made on its own page, not in a window on the way.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = request.user
        return form

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form of an account; above it a way to reset its second factor, for who may."""
        person = self.get_object(request, unquote(object_id))
        may_reset = (
            person is not None
            and person.pk != request.user.pk
            and self.has_change_permission(request, person)
            and factors.has_one(person)
        )
        context = {"may_reset": may_reset, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        person = self.get_object(request, unquote(id))
        change = partial(super().user_change_password, request, id, form_url)
        return password_change.of(person, request, change) if person else change()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_manage(request.user, obj))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or (
            obj is not None and super().has_change_permission(request)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return obj.pk != request.user.pk and may_manage(request.user, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True  # Who is not may not sign in at all.
        before = rights_of(User.objects.get(pk=obj.pk)) if change else set()
        kept: Any = request
        kept.desk_rights = before  # for save_related()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        kept: Any = request
        before: set[str] = kept.desk_rights  # by save_model()
        after = rights_of(form.instance)
        for kind, names in (
            (Act.Kind.ROLE_GIVEN, after - before),
            (Act.Kind.ROLE_TAKEN, before - after),
        ):
            if names:
                log.record(
                    kind, by=request.user, about=form.instance, detail=", ".join(sorted(names))
                )


class RoleAdmin(GroupAdmin):
    """The roles: what somebody who has one may do."""

    guide = {"": "people"}
    list_display = ["name", "people"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(members=Count("user"))

    @admin.display(description="people", ordering="members")
    def people(self, group: Any) -> str:
        return f"{group.members} account{pluralize(group.members)}"

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field and request and db_field.name == "permissions" and not request.user.is_superuser:
            field.queryset = field.queryset.filter(pk__in=permissions_of(request.user))
        return field

    def within(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or roles_within(request.user).filter(pk=obj.pk).exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self.within(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or (
            obj is not None and super().has_change_permission(request)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self.within(request, obj)


def take_over(site: admin.AdminSite) -> None:
    """Put our own pages in the place of Django's."""
    site.unregister([User, Group])
    site.register(User, PersonAdmin)
    site.register(Group, RoleAdmin)
