"""Who is what in a collection: for those who give roles there."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from archive import granting, roles, sight
from archive.access import ask_rights, needs, needs_somewhere, signed_in
from archive.errors import RoleRefused
from archive.form_fields import first_error, writable
from archive.models import Collection, CollectionRole

_TAKE_BACK = ("", "by their groups, as elsewhere")


class RoleForm(forms.Form):
    person = forms.CharField(
        max_length=150,
        validators=[writable],
        error_messages={"required": "Name a person by their log-in name."},
    )
    role = forms.ChoiceField(choices=[*CollectionRole.Role.choices, _TAKE_BACK], required=False)

    def clean_person(self) -> User:
        name = self.cleaned_data["person"].strip()
        found = User.objects.filter(username__iexact=name, is_active=True).first()
        if found is None:
            raise forms.ValidationError(f"Nobody here logs in as {name}.")
        return found


@require_safe
@needs_somewhere(granting.RIGHT)
def collections(request: HttpRequest) -> HttpResponse:
    """The collections in which the person gives roles, and how many were given."""
    found = sight.collections(request.user, granting.RIGHT)
    counted = found.annotate(
        given=Count("roles", distinct=True), let_in=Count("members", distinct=True)
    )
    page = Paginator(counted.order_by("name"), 50).get_page(request.GET.get("page"))
    return render(request, "archive/collections.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(granting.RIGHT)
def roles_in(request: HttpRequest, pk: int) -> HttpResponse:
    collection = get_object_or_404(Collection, pk=pk)
    ask_rights(request, collection)
    if request.method == "POST":
        _change(request, collection)
        return redirect("collection-roles", pk=pk)
    given = list(collection.roles.select_related("user", "given_by").order_by("user__username"))
    roles.load(each.user for each in given)
    context = {
        "collection": collection,
        "given": given,
        "members": collection.members.select_related("user").order_by("user__username"),
        "choices": CollectionRole.Role.choices,
        "people": User.objects.filter(is_active=True, is_superuser=False).order_by("username"),
        "page": Paginator(granting.events_of(collection), 25).get_page(request.GET.get("page")),
    }
    return render(request, "archive/collection_roles.html", context)


def _change(request: HttpRequest, collection: Collection) -> None:
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was changed. {first_error(form)}")
        return
    person, role, by = form.cleaned_data["person"], form.cleaned_data["role"], signed_in(request)
    try:
        if role:
            made = granting.give(collection, person, role, by=by)
            messages.success(request, f"In {collection} {person} is {made.get_role_display()} now.")
        else:
            granting.take_back(collection, person, by=by)
            messages.success(request, f"In {collection} {person} is what their groups say again.")
    except RoleRefused as error:
        messages.error(request, str(error))
