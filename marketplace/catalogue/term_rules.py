"""The rules that what a creator states has to keep. They only read; each raises InvalidInput with the field it is about."""

from collections.abc import Callable, Iterator, Sequence

from django.utils.translation import gettext as _

from marketplace.catalogue.licence_rules import check_licence
from marketplace.catalogue.terms import (
    MAX_ARTISTS,
    MAX_CONTRIBUTORS,
    MAX_CREATOR_SHARE_BP,
    MAX_DERIVATIVES_SHARE_BP,
    MAX_DOWNLOAD_PRICE_MICRO,
    MAX_EARLY_ACCESS_DAYS,
    MAX_EXAMPLES,
    MAX_PRICE_MICRO,
    MAX_SOURCES,
    Consent,
    PublishTerms,
)
from marketplace.catalogue.texts import check_address, check_text
from marketplace.errors import InvalidInput
from marketplace.rights.selectors import opted_out_names


def check_terms(terms: PublishTerms) -> None:
    """Raises InvalidInput for the first rule that is broken."""
    for rule in RULES:
        rule(terms)


def _texts_fit(terms: PublishTerms) -> None:
    check_text(terms.title, "title", 80)
    check_text(terms.description, "description", 4000, required=False, lines=True)
    check_text(terms.trigger_words, "trigger_words", 300, required=False)
    check_text(terms.attribution, "attribution", 300, required=False)
    check_text(terms.sample_prompt, "sample_prompt", 300)


def _examples_differ(terms: PublishTerms) -> None:
    check_example_prompts((terms.sample_prompt, *terms.example_prompts))


def check_example_prompts(prompts: Sequence[str]) -> None:
    """Raises InvalidInput for prompts that can't be a cover and its further examples, in this order."""
    if len(prompts) > 1 + MAX_EXAMPLES:
        raise InvalidInput(
            _("At most %(most)d examples are drawn beside the cover. Take some prompts out.") % {"most": MAX_EXAMPLES},
            code="too_many_examples",
            field="example_prompts",
        )
    for place, prompt in enumerate(prompts):
        check_text(prompt, "example_prompts", 300)
        if prompt.strip() in (earlier.strip() for earlier in prompts[:place]):
            raise InvalidInput(
                _("“%(prompt)s” is named twice and would give the same picture again. Name each prompt once.")
                % {"prompt": prompt.strip()},
                code="example_twice",
                field="example_prompts",
            )


def _price_and_share_are_in_range(terms: PublishTerms) -> None:
    if not 0 <= terms.price_micro <= MAX_PRICE_MICRO:
        raise InvalidInput(
            _("The price per picture is between 0 and 10,000 credits."), code="price_out_of_range", field="price_micro"
        )
    if not 0 <= terms.creator_share_bp <= MAX_CREATOR_SHARE_BP:
        raise InvalidInput(
            _("Your share is between 0 % and 90 %; the hub keeps at least 10 %."),
            code="share_out_of_range",
            field="creator_share_bp",
        )


def _file_price_and_early_access_are_in_range(terms: PublishTerms) -> None:
    price = terms.download_price_micro
    if price is not None and not 0 < price <= MAX_DOWNLOAD_PRICE_MICRO:
        raise InvalidInput(
            _(
                "The price of the file is more than 0 and at most 1,000,000 credits. Leave it empty to keep the file here."
            ),
            code="price_out_of_range",
            field="download_price_micro",
        )
    for field in ("api_first_days", "early_access_days"):
        if not 0 <= getattr(terms, field) <= MAX_EARLY_ACCESS_DAYS:
            raise InvalidInput(
                _("Early access lasts at most %(most)d days.") % {"most": MAX_EARLY_ACCESS_DAYS},
                code="early_access_too_long",
                field=field,
            )


def _shares_of_others_are_in_range(terms: PublishTerms) -> None:
    if not 0 <= terms.derivatives_share_bp <= MAX_DERIVATIVES_SHARE_BP:
        raise InvalidInput(
            _("Of what derives from your style you can ask between 0 % and 50 %."),
            code="share_out_of_range",
            field="derivatives_share_bp",
        )
    if len(terms.contributors) > MAX_CONTRIBUTORS:
        raise InvalidInput(
            _("At most %(most)d contributors can be named.") % {"most": MAX_CONTRIBUTORS},
            code="too_many_contributors",
            field="contributors",
        )
    if any(not 1 <= contributor.share_bp <= MAX_CREATOR_SHARE_BP for contributor in terms.contributors):
        raise InvalidInput(
            _("Give each contributor a share between 0.01 % and 90 %."), code="share_out_of_range", field="contributors"
        )


def _every_source_has_consent(terms: PublishTerms) -> None:
    if not 1 <= len(terms.training_sources) <= MAX_SOURCES:
        raise InvalidInput(
            _("Name what the style learnt from: between 1 and %(most)d sources.") % {"most": MAX_SOURCES},
            code="sources_missing",
            field="training_sources",
        )
    for source in terms.training_sources:
        check_text(source.name, "training_sources", 200)
        check_address(source.url)
        if source.consent == Consent.NONE:
            raise InvalidInput(
                _("“%(source)s” was used without consent. Ask for it, or train without this source.")
                % {"source": source.name},
                code="source_without_consent",
                field="training_sources",
            )


def _every_artist_agreed(terms: PublishTerms) -> None:
    if len(terms.artists_imitated) > MAX_ARTISTS:
        raise InvalidInput(
            _("At most %(most)d artists can be named.") % {"most": MAX_ARTISTS},
            code="too_many_artists",
            field="artists_imitated",
        )
    for artist in terms.artists_imitated:
        check_text(artist.name, "artists_imitated", 120)
        if not artist.consents:
            raise InvalidInput(
                _("%(artist)s has not agreed to be imitated. Ask them, or don't publish this style.")
                % {"artist": artist.name},
                code="artist_without_consent",
                field="artists_imitated",
            )


def _nobody_opted_out_is_named(terms: PublishTerms) -> None:
    for field, text in _public_texts(terms):
        if names := opted_out_names(text):
            raise InvalidInput(
                _("%(names)s asked not to be imitated here. Take the name out.") % {"names": ", ".join(names)},
                code="opted_out_name",
                field=field,
            )


def _public_texts(terms: PublishTerms) -> Iterator[tuple[str, str]]:
    for field in ("title", "trigger_words", "description", "sample_prompt", "attribution"):
        yield field, getattr(terms, field)
    for prompt in terms.example_prompts:
        yield "example_prompts", prompt
    for artist in terms.artists_imitated:
        yield "artists_imitated", artist.name


RULES: tuple[Callable[[PublishTerms], None], ...] = (
    _texts_fit,
    _examples_differ,
    check_licence,
    _price_and_share_are_in_range,
    _file_price_and_early_access_are_in_range,
    _shares_of_others_are_in_range,
    _every_source_has_consent,
    _every_artist_agreed,
    _nobody_opted_out_is_named,
)
