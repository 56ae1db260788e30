"""Organisations: one's own, the page of one, and the way in by invitation."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import invitations
from marketplace.accounts import organisations as services
from marketplace.accounts.models import Organisation
from marketplace.accounts.organisations_api import invitation_link
from marketplace.accounts.roles import MAY, RIGHTS, Right, Role
from marketplace.errors import Refusal
from marketplace.ledger.selectors import held_balance, recent_entries, wallet_balance
from marketplace.pages.forms.organisation import InvitationForm, OrganisationForm
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.people import signed_in
from marketplace.pages.views.wallet import AMOUNTS, to_checkout
from marketplace.statements.movements import movements

ENTRIES = 20


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def organisations(request: HttpRequest) -> HttpResponse:
    """One's own; POST makes another."""
    user, form = signed_in(request), OrganisationForm(request.POST or None)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.BAD_REQUEST
        if form.is_valid():
            try:
                made = services.create_organisation(name=form.cleaned_data["name"], owner=user)
            except Refusal as refusal:
                status = HTTPStatus(show_refusal(form, refusal))
            else:
                return redirect("pages:organisation", made.slug)
    context = {"memberships": services.memberships_of(user), "form": form, "roles": _table()}
    return render(request, "pages/organisations.html", context, status=status)


@require_safe
@login_required
@never_cache
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, services.organisation_for(signed_in(request), slug), InvitationForm())


@require_POST
@login_required
def rename(request: HttpRequest, slug: str) -> HttpResponse:
    found = services.organisation_for(signed_in(request), slug, Right.MANAGE)
    services.rename(organisation=found, name=request.POST.get("name", ""))
    return redirect("pages:organisation", slug)


@require_POST
@login_required
def top_up(request: HttpRequest, slug: str) -> HttpResponse:
    account = services.account_for(signed_in(request), slug, Right.TOP_UP)
    return to_checkout(request, account, reverse("pages:organisation", args=[slug]))


@require_POST
@login_required
def give_role(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    found = services.organisation_for(signed_in(request), slug, Right.MANAGE)
    membership = services.give_role(organisation=found, user_id=user_id, role=request.POST.get("role", ""))
    words = {"name": membership.user, "role": membership.get_role_display()}
    messages.success(request, gettext("%(name)s now has the role “%(role)s”.") % words)
    return redirect("pages:organisation", slug)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    """Oneself with any role; another as an owner."""
    user = signed_in(request)
    leaving = user_id == user.pk
    found = services.organisation_for(user, slug, Right.SEE if leaving else Right.MANAGE)
    services.remove_member(organisation=found, user_id=user_id)
    if leaving:
        messages.success(request, gettext("You have left %(name)s.") % {"name": found})
        return redirect("pages:organisations")
    messages.success(request, gettext("Removed. Keys that this member made for the organisation go on."))
    return redirect("pages:organisation", slug)


@require_POST
@login_required
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    user, form = signed_in(request), InvitationForm(request.POST)
    found = services.organisation_for(user, slug, Right.MANAGE)
    if not form.is_valid():
        return _page(request, found, form, status=HTTPStatus.BAD_REQUEST)
    try:
        made = invitations.invite(organisation=found, invited_by=user, **form.cleaned_data)
    except Refusal as refusal:
        return _page(request, found, form, status=show_refusal(form, refusal))
    invitations.send_invitation(made, invitation_link(request, made))
    messages.success(request, gettext("Invited %(email)s. The link holds for a week.") % {"email": made.email})
    return redirect("pages:organisation", slug)


@require_POST
@login_required
def withdraw(request: HttpRequest, slug: str, invitation_id: int) -> HttpResponse:
    found = services.organisation_for(signed_in(request), slug, Right.MANAGE)
    invitations.withdraw_invitation(organisation=found, invitation_id=invitation_id)
    return redirect("pages:organisation", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows who invites whom; POST accepts, so that nothing that merely looks at links joins."""
    if request.method == "POST":
        return redirect("pages:organisation", invitations.accept(token=token, user=signed_in(request)).slug)
    found = invitations.invitation_of(token)
    fits = signed_in(request).email.lower() == found.email
    return render(request, "pages/invitation.html", {"invitation": found, "fits": fits})


def _page(request: HttpRequest, found: Organisation, form: forms.Form, *, status: int = HTTPStatus.OK) -> HttpResponse:
    rights = services.rights_of(signed_in(request), found)
    context = {
        "organisation": found,
        "members": services.members_of(found),
        "may": {right.value: right in rights for right in Right},
        "choices": Role.choices,
        "roles": _table(),
        "form": form,
        "amounts": AMOUNTS,
    }
    if Right.SEE_MONEY in rights:
        account = services.give_account(found)
        context |= {
            "balance": wallet_balance(account),
            "held": held_balance(account),
            "movements": movements(recent_entries(account, limit=ENTRIES)),
        }
    if Right.MANAGE in rights:
        context["invitations"] = [
            (each, invitation_link(request, each)) for each in invitations.open_invitations(found)
        ]
    return render(request, "pages/organisation.html", context, status=status)


def _table() -> list[tuple[str, list[bool]]]:
    """What is to be done, and for each role whether it may."""
    return [(str(words), [right in MAY[role] for role in Role]) for right, words in RIGHTS.items()]
