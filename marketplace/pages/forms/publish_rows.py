"""The rows of the publishing form that can be added and removed: sources, artists, and who earns a part."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest

from django.http import QueryDict

from marketplace.catalogue.terms import Artist, Consent, Contributor, ContributorKind, TrainingSource


@dataclass(frozen=True)
class SourceRow:
    name: str = ""
    url: str = ""
    consent: str = Consent.OWN_WORK


@dataclass(frozen=True)
class ArtistRow:
    name: str = ""
    consents: bool = False


@dataclass(frozen=True)
class ContributorRow:
    payee: str = ""
    kind: str = ContributorKind.DATASET
    percent: str = ""


def source_rows(data: QueryDict) -> list[SourceRow]:
    return [SourceRow(*row) for row in _columns(data, "source", "source_url", "consent")]


def artist_rows(data: QueryDict) -> list[ArtistRow]:
    return [ArtistRow(name, answer == "yes") for name, answer in _columns(data, "artist", "artist_agreed")]


def contributor_rows(data: QueryDict) -> list[ContributorRow]:
    return [ContributorRow(*row) for row in _columns(data, "contributor", "contributor_kind", "contributor_percent")]


def sources(rows: Iterable[SourceRow]) -> Iterable[TrainingSource]:
    """Rows left empty are no sources; a consent that is none of ours counts as none."""
    known = {consent.value for consent in Consent}
    for row in rows:
        if row.name.strip():
            consent = Consent(row.consent) if row.consent in known else Consent.NONE
            yield TrainingSource(row.name.strip(), consent, row.url.strip())


def artists(rows: Iterable[ArtistRow]) -> Iterable[Artist]:
    return (Artist(row.name.strip(), row.consents) for row in rows if row.name.strip())


def contributors(rows: Iterable[ContributorRow]) -> Iterable[Contributor]:
    """Rows left empty name nobody; a share that is no number counts as none, which the terms refuse."""
    for row in rows:
        if row.payee.strip():
            kind = ContributorKind.LIBRARY if row.kind == ContributorKind.LIBRARY else ContributorKind.DATASET
            yield Contributor(kind, row.payee.strip(), _basis_points(row.percent))


def _basis_points(percent: str) -> int:
    try:
        return int(Decimal(percent.replace(",", ".")) * 100)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def _columns(data: QueryDict, *names: str) -> Iterable[tuple[str, ...]]:
    return zip_longest(*(data.getlist(name) for name in names), fillvalue="")
