"""What the gallery, a style's page and a creator's own list show."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import ENGINE
from marketplace.accounts.models import User
from marketplace.catalogue.channels import Channel, in_channel
from marketplace.catalogue.licences import credit_line
from marketplace.catalogue.models import BaseModel, Example, Style, StyleVersion
from marketplace.errors import InvalidInput, NotFound
from marketplace.licences.rules import Act, Use, evaluate
from marketplace.licences.selectors import permitting


def published_styles(
    search: str = "", base_model: str | None = None, channel: Channel | None = None
) -> QuerySet[Style]:
    """Styles with a published version, newest first; `search` looks in titles, words and creators' names.

    `channel` leaves those of which a version is for these people by now.
    """
    published = StyleVersion.objects.filter(style=OuterRef("pk"), state=StyleVersion.State.PUBLISHED)
    if channel:
        published = published.filter(in_channel(channel, timezone.now()))
    if base_model:
        published = published.filter(pack__base_model__slug=base_model)
    styles = _with_versions().filter(Exists(published))
    for word in search.split():
        styles = styles.filter(
            Q(title__icontains=word)
            | Q(description__icontains=word)
            | Q(creator__display_name__icontains=word)
            | Exists(published.filter(trigger_words__icontains=word))
        )
    return styles


def with_parents(styles: QuerySet[Style]) -> QuerySet[Style]:
    """With what each version derives from at hand, which programs are told and the gallery is not."""
    return styles.prefetch_related("versions__parents")


def style_page(slug: str) -> Style:
    """A style with all its versions, newest first, withdrawn ones too. Raises NotFound."""
    style = _with_versions().filter(slug=slug, versions__isnull=False).distinct().first()
    if style is None:
        raise NotFound(_("There is no such style."))
    return style


def newest_versions(addresses: Iterable[str]) -> tuple[int, ...]:
    """Ids of the newest versions of these styles, by slug or by the address of their page. Raises InvalidInput."""
    found = []
    for address in addresses:
        slug = address.rstrip("/").rpartition("/")[2]
        version = StyleVersion.objects.filter(style__slug=slug, state=StyleVersion.State.PUBLISHED).order_by("-number")
        found.append(version.values_list("pk", flat=True).first())
        if found[-1] is None:
            raise InvalidInput(
                _("There is no style at “%(address)s”. Copy the address of its page.") % {"address": address},
                code="unknown_parent",
                field="parents",
            )
    return tuple(pk for pk in found if pk is not None)


def styles_of(creator: User) -> QuerySet[Style]:
    """A creator's own styles, newest first."""
    return _with_versions().filter(creator=creator)


def own_version(creator: User, version_id: int) -> StyleVersion:
    """One of the creator's own versions. Raises NotFound for another's too, so that ids tell nothing."""
    version = StyleVersion.objects.select_related("style").filter(pk=version_id, style__creator=creator).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version


def shown_version(version_id: int) -> StyleVersion:
    """Any version, as a style's page shows it: withdrawn ones too. Raises NotFound."""
    versions = StyleVersion.objects.select_related("style__creator", "pack__base_model", "plan")
    version = versions.filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version


def versions_to_mix_with(version: StyleVersion) -> QuerySet[StyleVersion]:
    """The newest LoRA version of every other style on its base, by title, where both creators allow mixing."""
    published = StyleVersion.objects.filter(state=StyleVersion.State.PUBLISHED)
    newer = published.filter(style=OuterRef("style"), number__gt=OuterRef("number"))
    use = Use(act=Act.COMBINE, on=timezone.now().date())
    others = published.filter(~Exists(newer), permitting(use), pack__kind="lora")
    if evaluate(use, version.policy):
        return others.none()
    others = others.filter(pack__base_model=version.pack.base_model_id).exclude(style=version.style_id)
    return others.select_related("style").order_by("style__title", "pk")


def credit_of(version: StyleVersion) -> str:
    """The line that must go with a picture made with it; "" where its policy asks for none."""
    if not version.policy.credit_required:
        return ""
    style = version.style
    return credit_line(
        licence=version.licence,
        title=style.title,
        creator=style.creator.display_name,
        attribution=version.attribution,
    )


def base_models() -> QuerySet[BaseModel]:
    """Bases on offer for drawing, with their examples at hand."""
    return (
        BaseModel.objects.filter(enabled=True)
        .exclude(engine__in=_upscalers())
        .order_by("title")
        .prefetch_related("examples")
    )


def shown_example(example_id: int, sha256: str) -> Example:
    """A picture that everyone may see, by the hash of its bytes. Raises NotFound, also for what was withdrawn."""
    offered = Q(version__state=StyleVersion.State.PUBLISHED) | Q(base_model__enabled=True)
    drawn = Example.objects.filter(offered, pk=example_id, image_sha256=sha256).exclude(image_sha256="")
    example = drawn.select_related("version__style__creator", "version__pack__base_model").first()
    if example is None:
        raise NotFound(_("There is no such picture."))
    return example


def _upscalers() -> list[str]:
    """Engines that draw nothing."""
    registry = plugin_registry()
    return [name for name in registry.ids(ENGINE) if registry.info(ENGINE, name).upscales]


def _with_versions() -> QuerySet[Style]:
    versions = StyleVersion.objects.select_related("pack__base_model").prefetch_related("examples").order_by("-number")
    return (
        Style.objects.select_related("creator").prefetch_related(Prefetch("versions", versions)).order_by("-created_at")
    )
