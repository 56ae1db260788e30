"""Organisations: made with an account of their own, found by it or by a member, and left by all but the last owner."""

from secrets import token_hex

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.roles import MAY, Right, Role
from marketplace.errors import Conflict, InvalidInput, NotAllowed, NotFound

log = structlog.get_logger(__name__)

# A domain that no mail reaches, by RFC 2606.
DOMAIN = "organisations.invalid"
MAX_OWNED = 20
NAME_LENGTH = 80


@transaction.atomic
def create_organisation(*, name: str, slug: str = "", owner: User) -> Organisation:
    """Without a slug it gets one from its name. Raises InvalidInput (name), NotAllowed (no person) or Conflict (too many)."""
    name = _checked_name(name)
    if organisation_of(owner):
        message = _("People own organisations; an organisation does not. Use a key of your own.")
        raise NotAllowed(message, code="not_a_person")
    User.objects.select_for_update().get(pk=owner.pk)  # of two that are made at once, the second counts the first
    if Membership.objects.filter(user=owner, role=Role.OWNER).count() >= MAX_OWNED:
        message = _("You own %(most)d organisations. Leave one, or ask us.") % {"most": MAX_OWNED}
        raise Conflict(message, code="too_many_organisations")
    organisation = Organisation.objects.create(name=name, slug=slug or _free_slug(name))
    Membership.objects.create(organisation=organisation, user=owner, role=Role.OWNER)
    give_account(organisation)
    log.info("organisation.made", organisation=organisation.pk, owner=owner.pk)
    return organisation


def give_account(organisation: Organisation) -> User:
    """The account that it acts as; made on first need, without a password."""
    if organisation.account is None:
        # With digits that nobody foresees, so that nobody signs up with the address first.
        address = f"{organisation.slug}.{token_hex(8)}@{DOMAIN}"
        organisation.account = User.objects.create_user(address, display_name=organisation.name[:60])
        organisation.save(update_fields=["account"])
    return organisation.account


@transaction.atomic
def rename(*, organisation: Organisation, name: str) -> None:
    """Its address stays. Raises InvalidInput."""
    organisation.name = _checked_name(name)
    organisation.save(update_fields=["name"])
    User.objects.filter(organisation=organisation).update(display_name=organisation.name[:60])


@transaction.atomic
def give_role(*, organisation: Organisation, user_id: int, role: str) -> Membership:
    """Raises InvalidInput for an unknown role, NotFound for who is no member, Conflict for the last owner."""
    if role not in Role.values:
        raise InvalidInput(_("Choose one of the roles that the page lists."), code="unknown_role", field="role")
    membership = _locked(organisation, user_id)
    if role != Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    log.info("organisation.role_given", organisation=organisation.pk, user=user_id, role=role)
    return membership


@transaction.atomic
def remove_member(*, organisation: Organisation, user_id: int) -> None:
    """Leaving is removing oneself. Keys that the member made stay: they are the organisation's.

    Raises NotFound for who is no member, Conflict for the last owner.
    """
    membership = _locked(organisation, user_id)
    _keep_an_owner(membership)
    membership.delete()
    log.info("organisation.member_removed", organisation=organisation.pk, user=user_id)


def organisation_of(account: User) -> Organisation | None:
    """The organisation that this account belongs to; None for a person."""
    found: Organisation | None = getattr(account, "organisation", None)
    return found


def partner_of(account: User) -> str | None:
    """The slug by which creators name this account's organisation among their partners; None for a person."""
    organisation = organisation_of(account)
    return None if organisation is None else organisation.slug


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Those that the person is a member of, by name; of an organisation's account, itself."""
    found = Organisation.objects.filter(members=user) | Organisation.objects.filter(account=user)
    return found.distinct().order_by("name", "pk")


def memberships_of(user: User) -> QuerySet[Membership]:
    """By the organisation's name."""
    return user.memberships.select_related("organisation").order_by("organisation__name", "pk")


def organisation_for(user: User, slug: str, right: Right = Right.SEE) -> Organisation:
    """Raises NotFound where the person is no member, who is not told that it exists; NotAllowed where the role lacks
    the right. Its own account may see it."""
    # PostgreSQL refuses to look for some characters that no slug has.
    known = slug.isascii() and slug.isprintable()
    organisation = organisations_of(user).filter(slug=slug).first() if known else None
    if organisation is None:
        raise NotFound(_("You are a member of no such organisation."), code="organisation_not_found")
    if right not in rights_of(user, organisation):
        message = _("Your role in this organisation does not include this. Ask one of its owners.")
        raise NotAllowed(message, code="role_not_enough")
    return organisation


def account_for(user: User, slug: str, right: Right) -> User:
    """The person's own account, or the organisation's where a slug is given. Raises as `organisation_for` does."""
    return give_account(organisation_for(user, slug, right)) if slug else user


def rights_of(user: User, organisation: Organisation) -> frozenset[Right]:
    if organisation.account_id == user.pk:
        return frozenset({Right.SEE, Right.SEE_MONEY, Right.TOP_UP})
    membership = Membership.objects.filter(organisation=organisation, user=user).first()
    return MAY[Role(membership.role)] if membership else frozenset()


def members_of(organisation: Organisation) -> QuerySet[Membership]:
    """In order of joining."""
    return organisation.memberships.select_related("user").order_by("pk")


def _locked(organisation: Organisation, user_id: int) -> Membership:
    """The organisation is locked too, so that two owners can't leave it at the same moment."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    # By way of the person's own key, for which the framework knows that no number is too large to be looked up.
    member = User.objects.filter(pk=user_id)
    membership = Membership.objects.filter(organisation=organisation, user__in=member).first()
    if membership is None:
        raise NotFound(_("This organisation has no such member."), code="member_not_found")
    return membership


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(organisation=membership.organisation, role=Role.OWNER)
    if membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        message = _("This is the last owner. Make another member an owner first.")
        raise Conflict(message, code="last_owner")


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        message = _("A name has 1 to %(most)d characters, none of them control characters.") % {"most": NAME_LENGTH}
        raise InvalidInput(message, code="bad_name", field="name")
    return name


def _free_slug(name: str) -> str:
    """From the name; with random digits where that is taken, or has no letters that an address can hold."""
    slug = slugify(name)[:50].strip("-")
    taken = not slug or Organisation.objects.filter(slug=slug).exists()
    return "-".join(filter(None, [slug, token_hex(3)])) if taken else slug
