"""Invitations to an organisation, by e-mail: a signed link that holds for a week, once, and for the address it went to."""

from datetime import timedelta

import structlog
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import Invitation, Membership, Organisation, User
from marketplace.accounts.roles import Role
from marketplace.errors import Conflict, InvalidInput, NotAllowed, NotFound
from marketplace.outbox import after_commit

log = structlog.get_logger(__name__)

HOLDS = timedelta(days=7)
MAX_OPEN = 50
_signer = signing.Signer(salt="accounts.invitation", sep=".")


def link_token(invitation: Invitation) -> str:
    return _signer.sign_object(invitation.pk)


@transaction.atomic
def invite(*, organisation: Organisation, email: str, role: str, invited_by: User) -> Invitation:
    """An address that is invited already is invited anew, and its old link ends.

    Raises InvalidInput (email, role) or Conflict (a member already, too many).
    """
    email = _checked_address(email)
    if role not in Role.values:
        raise InvalidInput(_("Choose one of the roles that the page lists."), code="unknown_role", field="role")
    if Membership.objects.filter(organisation=organisation, user__email=email).exists():
        message = _("This address belongs to a member already. Change the role in the list of members.")
        raise Conflict(message, code="already_member", field="email")
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    organisation.invitations.filter(email=email).delete()
    if open_invitations(organisation).count() >= MAX_OPEN:
        message = _("%(most)d invitations are open. Withdraw one, or wait.") % {"most": MAX_OPEN}
        raise Conflict(message, code="too_many_invitations")
    log.info("organisation.invited", organisation=organisation.pk, role=role)
    return Invitation.objects.create(organisation=organisation, email=email, role=role, invited_by=invited_by)


def send_invitation(invitation: Invitation, link: str) -> None:
    """After commit, so that the link works when it arrives. Without a mail server the link can be sent by hand."""
    name = invitation.organisation.name
    lines = [
        _("%(person)s invites you to join %(name)s.") % {"person": invitation.invited_by, "name": name},
        link,
        _("Sign in, or sign up, with this address: %(email)s.") % {"email": invitation.email},
        _("The link holds for %(days)d days. If you don't know why you got it, leave it be.") % {"days": HOLDS.days},
    ]
    subject = _("Invitation to %(name)s") % {"name": name}

    def send() -> None:
        send_mail(subject, "\n\n".join(lines), None, [invitation.email])

    after_commit(send)


def open_invitations(organisation: Organisation) -> QuerySet[Invitation]:
    """Newest first; those that have expired are left out."""
    since = timezone.now() - HOLDS
    return organisation.invitations.filter(created_at__gt=since).select_related("invited_by").order_by("-created_at")


def withdraw_invitation(*, organisation: Organisation, invitation_id: int) -> None:
    removed, _rows = organisation.invitations.filter(pk=invitation_id).delete()
    if not removed:
        raise NotFound(_("There is no such invitation."), code="invitation_not_found")


def invitation_of(token: str) -> Invitation:
    """Raises NotFound for a link that is forged, used, withdrawn or older than a week."""
    try:
        invitation_id = _signer.unsign_object(token)
    except signing.BadSignature:
        invitation_id = None
    found = Invitation.objects.filter(pk=invitation_id, created_at__gt=timezone.now() - HOLDS)
    invitation = found.select_related("organisation", "invited_by").first()
    if invitation is None:
        raise _gone()
    return invitation


@transaction.atomic
def accept(*, token: str, user: User) -> Organisation:
    """Raises NotFound as above, and NotAllowed for another address than the invited one."""
    invitation = invitation_of(token)
    if user.email.lower() != invitation.email:
        message = _("This invitation is for another address. Sign in with the one that the mail came to.")
        raise NotAllowed(message, code="other_address")
    # Whoever deletes the row has used it: of two at the same moment only one does.
    used, _rows = Invitation.objects.filter(pk=invitation.pk).delete()
    if not used:
        raise _gone()
    organisation = invitation.organisation
    Membership.objects.get_or_create(organisation=organisation, user=user, defaults={"role": invitation.role})
    log.info("organisation.joined", organisation=organisation.pk, user=user.pk, role=invitation.role)
    return organisation


def _gone() -> NotFound:
    message = _("This invitation was used, was withdrawn or has expired. Ask for a new one.")
    return NotFound(message, code="invitation_not_found")


def _checked_address(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput(_("Write an e-mail address."), code="bad_address", field="email") from None
    return email
