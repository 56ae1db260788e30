"""What there is to draw with."""

from typing import Literal
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client.calls import Asked
from irodori_client.effects import Items, Steps
from irodori_client.models import Base, LicenceDocument, Publication, Style, StylePage, Terms, Version, VersionPage
from irodori_client.resources.base import Mode, Resource, iteration, operation

LicenceForm = Literal["jsonld", "rsl", "md", "tdmrep"]
ANYTHING = {"Accept": "*/*"}


class Bases(Resource[Mode]):
    @operation
    def all(self) -> Steps[list[Base]]:
        """The bases that the hub draws with."""
        return self._calls.call(at.BASES)


class Styles(Resource[Mode]):
    @iteration
    def search(self, words: str = "", *, base_model: str | None = None) -> Items[Style]:
        """Published styles, newest first: those with `words` in title, trigger words or creator's name."""
        return self._calls.each(at.STYLES, {"search": words, "base_model": base_model})

    @operation
    def get(self, slug: str) -> Steps[StylePage]:
        """One style with all its versions."""
        return self._calls.call(at.STYLE, Asked(names={"slug": slug}))

    @iteration
    def own(self) -> Items[StylePage]:
        """Your own styles with all their versions, newest first."""
        return self._calls.each(at.OWN_STYLES)


class Licences(Resource[Mode]):
    @operation
    def get(self, style: str, number: int) -> Steps[LicenceDocument]:
        """What the creator of a style's version grants, as clauses and in plain words. It never changes."""
        return self._calls.call(at.LICENCE, Asked(names={"slug": style, "number": number}))

    @operation
    def file(self, style: str, number: int, form: LicenceForm) -> Steps[bytes]:
        """The same as an ODRL offer (`jsonld`), as RSL (`rsl`), as a model card (`md`), or for text and data mining."""
        asked = Asked(names={"slug": style, "number": number}, params={"format": form}, headers=ANYTHING)
        return self._calls.call(at.LICENCE_FILE, asked)


class Versions(Resource[Mode]):
    @operation
    def get(self, version: int) -> Steps[VersionPage]:
        """One version, with who earns by it and what it derives from."""
        return self._calls.call(at.VERSION, Asked(names={"id": version}))

    @operation
    def publish(self, upload: UUID | str, terms: Terms) -> Steps[Version]:
        """Publish a ready upload of yours. Its cover and examples are drawn afterwards."""
        body = Publication.model_validate({**terms.model_dump(), "upload": upload})
        return self._calls.call(at.PUBLISH, Asked(body=body))

    @operation
    def withdraw(self, version: int) -> Steps[Version]:
        """No new pictures are made with it; those already made stay their buyers'."""
        return self._calls.call(at.WITHDRAW, Asked(names={"id": version}))
