"""The arm of one subject: after the password again and a reason. All others see that it was opened, and by whom; managers are told."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from nmosd_dosing.pages import signing
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import password, refusals
from nmosd_dosing.register.writing.unblinding import unblind


class Reason(forms.Form):
    """Why, and who is asking, once more."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = password(gettext_lazy("Your password, again"))


@page("unblinded-pharmacist", post=True)
@sensitive_post_parameters("password")
def arm(request: Asked, code: str) -> HttpResponse:
    """Asks why; then shows the arm, once."""
    desk = request.desk
    row = desk.row(code)
    if row is None:
        raise hidden()
    form = Reason(request.POST or None)
    with refusals() as problems:
        if request.method == "POST" and form.is_valid():
            if wait := signing.waits(request, desk.who.name):
                form.add_error("password", _("Too many attempts. Try again in %(seconds)d seconds.") % {"seconds": wait})
            elif signing.compared(request, desk.who.name, form.cleaned_data["password"]) is None:
                form.add_error("password", _("This is not your password."))
            else:
                reason = form.cleaned_data["reason"]
                opened = unblind(desk.register, desk.who, row, reason, desk.at, desk.zone)
                return render(request, "arm.html", {"code": code, "arm": opened, "reason": reason})
    status = 400 if problems or form.errors else 200
    return render(request, "unblind.html", {"code": code, "form": form, "problems": problems}, status=status)
