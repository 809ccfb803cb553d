"""Accounts, by managers: who there is, a new one, another role, a password, disabled and enabled."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import password, refusals
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.pages.showing import ROLE_NAMES
from nmosd_dosing.register import accounts

_SITES = gettext_lazy("Codes of sites, such as 01,02, or “all”; empty for a manager.")


def _typed_anew() -> forms.TextInput:
    """A field of somebody else's account: a browser does not offer to fill it with who signed in."""
    return forms.TextInput(attrs={"autocomplete": "off"})


class NewAccount(forms.Form):
    """An account that is made."""

    name = forms.CharField(label=gettext_lazy("Account"), max_length=64, widget=_typed_anew())
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=list(ROLE_NAMES.items()))
    sites = forms.CharField(label=gettext_lazy("Sites"), required=False, max_length=1000, help_text=_SITES, widget=_typed_anew())
    password = password(gettext_lazy("Password"), new=True, help_text=gettext_lazy("At least 12 characters."))


class ChangedAccount(forms.Form):
    """What is otherwise with an account, and why."""

    what = forms.ChoiceField(label=gettext_lazy("Change"), choices=[
        ("role", gettext_lazy("another role or other sites")), ("password", gettext_lazy("another password")),
        ("disable", gettext_lazy("disable it")), ("enable", gettext_lazy("enable it")),
    ])  # fmt: skip
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=list(ROLE_NAMES.items()), required=False)
    sites = forms.CharField(label=gettext_lazy("Sites"), required=False, max_length=1000, help_text=_SITES, widget=_typed_anew())
    password = password(gettext_lazy("New password"), new=True, required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, required=False)


@page("manager", post=True)
@sensitive_post_parameters("password")
def everybody(request: Asked) -> HttpResponse:
    """All accounts; and a new one."""
    desk, form = request.desk, NewAccount(request.POST or None)
    with refusals() as problems:
        if request.method == "POST" and form.is_valid():
            typed = form.cleaned_data
            accounts.checked_password(typed["password"], typed["name"])
            made = accounts.add(*desk.asks, name=typed["name"], role=typed["role"], sites=typed["sites"].strip() or None)
            accounts.set_password(*desk.asks, name=made.name, password=typed["password"])
            return redirect("accounts")
    known = accounts.sites_of_subjects(desk.facts)
    there = [(each, sorted((each.sites or frozenset()) - known)) for each in accounts.accounts(desk.facts)]
    status = 400 if problems or form.errors else 200
    return render(request, "accounts.html", {"there": there, "form": form, "problems": problems}, status=status)


@page("manager", post=True)
@sensitive_post_parameters("password")
def account(request: Asked, name: str) -> HttpResponse:
    """One account, and what is to be otherwise with it."""
    desk = request.desk
    found = next((each for each in accounts.accounts(desk.facts) if each.name == name), None)
    if found is None:
        raise hidden()
    form = ChangedAccount(request.POST or None, initial={"role": found.role, "sites": found.cells["sites"]})
    with refusals() as problems:
        if request.method == "POST" and form.is_valid():
            _change(desk, found, form)
            return redirect("accounts")
    status = 400 if problems or form.errors else 200
    return render(request, "account.html", {"account": found, "form": form, "problems": problems}, status=status)


def _change(desk: Desk, found: accounts.Account, form: ChangedAccount) -> None:
    """Does what was typed. Raises InputError where it cannot be."""
    typed = form.cleaned_data
    if typed["what"] == "password":
        accounts.set_password(*desk.asks, name=found.name, password=typed["password"])
        return
    match typed["what"]:
        case "role":
            change = accounts.with_role(typed["role"], typed["sites"].strip() or None)
        case "disable":
            change = accounts.disabled
        case _:
            change = accounts.enabled
    accounts.change(*desk.asks, name=found.name, reason=typed["reason"], change=change)
