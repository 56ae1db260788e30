"""A policy in words: names of its clauses for refusals, and the plain sentences of a licence's page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations, translation
from types import MappingProxyType

import pycountry
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, pgettext, to_locale
from django.utils.translation import gettext_lazy as _

from marketplace.licences.policy import Policy
from marketplace.licences.rules import Clause, may_train

CLAUSES: MappingProxyType[Clause, Promise] = MappingProxyType(
    {
        Clause.COMMERCIAL_USE: _("commercial use of pictures"),
        Clause.CREDIT_REQUIRED: _("use without naming the creator"),
        Clause.MERGING: _("mixing with other styles"),
        Clause.DERIVATIVES: _("styles that derive from it"),
        Clause.RESALE: _("resale of pictures through partners"),
        Clause.TRAINING: _("training on pictures"),
        Clause.TERRITORY: _("use in countries beyond its own"),
        Clause.PARTNERS: _("use by partners beyond its own"),
        Clause.EXPIRES: _("use after its last day"),
        Clause.OPT_OUTS: _("use that it rules out for machines"),
    }
)
OPT_OUT_WORDS = MappingProxyType(
    {
        "ai_training": _("training of models"),
        "ai_generative_training": _("training of models that make pictures"),
        "data_mining": _("text and data mining"),
        "ai_inference": _("use as a model’s input"),
    }
)
_PERMISSIONS = (
    (
        Clause.COMMERCIAL_USE,
        "briefcase",
        _("Pictures may be used in business"),
        _("Pictures are for your own use, not for business"),
    ),
    (Clause.MERGING, "layers", _("May be mixed with other styles"), _("May not be mixed with other styles")),
    (
        Clause.DERIVATIVES,
        "branch",
        _("Others may train styles that derive from it"),
        _("Others may not train styles that derive from it"),
    ),
    (
        Clause.RESALE,
        "store",
        _("Pictures may be resold by partners"),
        _("Pictures may not be resold by partners"),
    ),
    (
        Clause.TRAINING,
        "book",
        _("Pictures may be used to train models"),
        _("Pictures may not be used to train models"),
    ),
)
ICONS: MappingProxyType[Clause, str] = MappingProxyType({clause: icon for clause, icon, _yes, _no in _PERMISSIONS})


@dataclass(frozen=True)
class Statement:
    """One line of a licence's page; `allowed` is None for a condition, which neither permits nor prohibits."""

    clause: Clause
    icon: str
    allowed: bool | None
    title: str
    detail: str = ""


def statements(policy: Policy, partner_names: Mapping[str, str] = MappingProxyType({})) -> list[Statement]:
    """All clauses, permissions first; also those that limit nothing, for silence can be read either way."""
    partners = [partner_names.get(slug, slug) for slug in policy.partners]
    return [*_permissions(policy), *_conditions(policy, partners)]


def country_name(code: str) -> str:
    """In the language of the page; a code that is no country's as it is."""
    country = pycountry.countries.get(alpha_2=code)
    if country is None:
        return code
    return _country_names(get_language() or "en").gettext(getattr(country, "common_name", country.name))


@cache
def _country_names(language: str) -> NullTranslations:
    return translation("iso3166-1", pycountry.LOCALES_DIR, languages=[to_locale(language)], fallback=True)


def _permissions(policy: Policy) -> Iterator[Statement]:
    for clause, icon, yes, no in _PERMISSIONS:
        granted = may_train(policy) if clause == Clause.TRAINING else getattr(policy, clause)
        yield Statement(clause, icon, granted, str(yes if granted else no))


def _conditions(policy: Policy, partners: list[str]) -> Iterator[Statement]:
    yield Statement(
        Clause.CREDIT_REQUIRED,
        "user",
        None,
        gettext("Name the creator beside each picture")
        if policy.credit_required
        else gettext("No credit line is asked for"),
    )
    yield from _partner_terms(policy, partners)
    yield _expiry(policy)
    yield _limit(
        Clause.OPT_OUTS,
        "shield",
        gettext("Machines are told that these are ruled out"),
        gettext("Nothing is ruled out for machines"),
        [str(OPT_OUT_WORDS.get(name, name)) for name in policy.opt_outs],
    )


def _partner_terms(policy: Policy, partners: list[str]) -> Iterator[Statement]:
    if not policy.commercial_use:
        yield Statement(Clause.PARTNERS, "users", False, gettext("Partners may not license it"))
        return
    yield _limit(
        Clause.PARTNERS,
        "users",
        gettext("These partners alone may license it"),
        gettext("Every partner may license it"),
        partners,
    )
    yield _limit(
        Clause.TERRITORY,
        "globe",
        gettext("Partners may license it for these countries alone"),
        gettext("Partners may license it for every country"),
        [country_name(code) for code in policy.territory],
    )


def _limit(clause: Clause, icon: str, limited: str, free: str, names: list[str]) -> Statement:
    listed = pgettext("between the items of a list", ", ").join(names)
    return Statement(clause, icon, None, limited if names else free, listed)


def _expiry(policy: Policy) -> Statement:
    if policy.expires is None:
        return Statement(Clause.EXPIRES, "clock", None, gettext("It has no last day"))
    return Statement(
        Clause.EXPIRES,
        "clock",
        None,
        gettext("New pictures until %(date)s") % {"date": date_format(policy.expires)},
        gettext("Pictures made until then keep what is granted here."),
    )
