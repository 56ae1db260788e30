"""Reads what the documents and the page of a licence say of a version."""

from urllib.parse import urljoin

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import credit_of
from marketplace.errors import NotFound
from marketplace.licences.policy import Policy
from marketplace.licences.subject import Subject


def licensed_version(slug: str, number: int) -> StyleVersion:
    """Also a withdrawn one, for what was granted stays. Raises NotFound."""
    versions = StyleVersion.objects.select_related("style__creator", "pack__base_model")
    version = versions.filter(style__slug=slug, number=number).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version


def subject_of(version: StyleVersion, site: str) -> Subject:
    """`site` is the hub's address, which ends with a slash."""
    style, number = version.style, version.number
    here = {"slug": style.slug, "number": number}
    return Subject(
        uid=urljoin(site, reverse("api:licence", kwargs=here)),
        page=urljoin(site, reverse("pages:licence", kwargs=here)),
        target=urljoin(site, f"{reverse('pages:style', args=[style.slug])}?version={number}"),
        title=style.title,
        creator=style.creator.display_name,
        number=number,
        licence=version.licence,
        base_model=version.pack.base_model.slug,
        kind=version.pack.kind,
        trigger_words=version.trigger_words,
        price_micro=version.price_micro,
        credit=credit_of(version),
    )


def partner_names(policy: Policy) -> dict[str, str]:
    """What the partners that it names are called, by slug."""
    if not policy.partners:
        return {}
    return dict(Organisation.objects.filter(slug__in=policy.partners).values_list("slug", "name"))
