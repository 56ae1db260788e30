"""Everything that belongs to one payment, so that a reader can follow one cent through it."""

from uuid import UUID

from django.db.models import Q

from marketplace.ledger.models import Transaction


def family_of(wanted: str) -> list[Transaction]:
    """What bears this key or id, or is about this generation, with what it settles and what followed, oldest first."""
    known: set[UUID] = set()
    fresh = set(Transaction.objects.filter(_named(wanted)).values_list("pk", flat=True))
    while fresh:
        known |= fresh
        fresh = _relatives(fresh) - known
    found = Transaction.objects.filter(pk__in=known).select_related("seal__block", "settles", "about")
    return list(found.prefetch_related("entries__account").order_by("created_at", "pk"))


def _named(wanted: str) -> Q:
    try:
        id_ = UUID(wanted)
    except ValueError:
        return Q(key=wanted)
    return Q(pk=id_) | Q(key__startswith=f"generation:{id_}:")


def _relatives(of: set[UUID]) -> set[UUID]:
    links = Transaction.objects.filter(pk__in=of).values_list("settles", "about")
    before = {pk for pair in links for pk in pair if pk is not None}
    after = Transaction.objects.filter(Q(settles__in=of) | Q(about__in=of)).values_list("pk", flat=True)
    return before | set(after)
