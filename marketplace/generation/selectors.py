"""Reading generations: a buyer's own, the queue, and what creators' styles earned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import Example, StyleVersion
from marketplace.errors import NotFound
from marketplace.generation.estimates import Progress, seconds_left, step_seconds
from marketplace.generation.models import Generation
from marketplace.generation.pricing import styles_used
from marketplace.generation.statements import count_ahead
from marketplace.ledger.selectors import earnings_by_version
from marketplace.licences.rules import may_train
from marketplace.licences.selectors import policy_of
from marketplace.payouts.selectors import shares_with_names

State = Generation.State
# An example's request is on its way at first; later, it was refused, and would be again.
EXAMPLE_IS_MISSING_AFTER = timedelta(minutes=1)
EXAMPLE_IS_GIVEN_UP_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class VersionStatement:
    """What one version earned, with the version at hand."""

    version: StyleVersion
    images: int
    amount_micro: int


def history(buyer: User) -> QuerySet[Generation]:
    """What the buyer ordered, newest first, with base and styles at hand."""
    return _with_styles().filter(buyer=buyer, purpose=Generation.Purpose.ORDER).order_by("-created_at")


def examples_not_drawn(version_id: int | None = None) -> QuerySet[Example]:
    """Examples of what is on offer, of one version or of everything, that have no picture yet."""
    offered = Q(version__state=StyleVersion.State.PUBLISHED) | Q(base_model__enabled=True)
    examples = Example.objects.filter(offered, image_sha256="").order_by("position", "pk")
    if version_id is not None:
        examples = examples.filter(version_id=version_id)
    return examples.select_related("base_model", "version__style__creator", "version__pack__base_model")


def examples_never_asked_for(now: datetime) -> QuerySet[Example]:
    """Examples wanted for a while for which no picture was ever queued."""
    wanted = (now - EXAMPLE_IS_GIVEN_UP_AFTER, now - EXAMPLE_IS_MISSING_AFTER)
    return examples_not_drawn().filter(created_at__range=wanted, generations=None)


def picture_of(example: Example) -> Generation | None:
    """The generation that draws an example or has drawn it; a failed one is none."""
    drawn = (State.QUEUED, State.RUNNING, State.SUCCEEDED)
    return Generation.objects.filter(example=example, state__in=drawn).first()


def get_for_buyer(buyer: User, id: UUID | str) -> Generation:  # noqa: A002 - the name of the field
    """Raises NotFound, also for another person's: who asks is not told that it exists."""
    generation = _with_styles().filter(buyer=buyer, pk=wanted).first() if (wanted := _uuid(id)) else None
    if generation is None:
        raise NotFound(_("There is no such image among yours."), code="generation_not_found")
    return generation


def place_in_queue(generation: Generation) -> int:
    """1 for the next to be drawn; 0 for what is not waiting."""
    if generation.state != State.QUEUED:
        return 0
    if generation.ahead is not None:
        return generation.ahead + 1
    # The rest of batches lets others go first.
    its_turn_comes = generation.paced and generation.sent_at is None
    return count_ahead(generation.base_model.engine, generation.created_at, of_those_sent=not its_turn_comes) + 1


def eta_seconds(generation: Generation, place: int | None = None) -> float | None:
    """About how long until it is done; None where nothing says, or where there is nothing to wait for.

    `place` is its place in the queue, where the caller knows it.
    """
    if generation.state not in (State.QUEUED, State.RUNNING):
        return None
    pace = step_seconds(generation.base_model.engine, generation.width, generation.height)
    place = place_in_queue(generation) if place is None else place
    progress = Progress(generation.state, generation.step, generation.steps, generation.started_at, place)
    return seconds_left(progress, pace, timezone.now())


def outputs_may_train(generation: Generation) -> bool:
    """Do all styles used allow training on what they make?"""
    return all(may_train(policy_of(use.version)) for use in generation.adapters.all())


def earnings_statement(creator: User) -> list[VersionStatement]:
    """The creator's earnings by version, the highest first."""
    earned = earnings_by_version(creator)
    versions = StyleVersion.objects.select_related("style").in_bulk([line.version_id for line in earned])
    return [VersionStatement(versions[line.version_id], line.images, line.amount_micro) for line in earned]


def _with_styles() -> QuerySet[Generation]:
    return Generation.objects.select_related("base_model", "buyer", "compute_plan").prefetch_related(
        styles_used(), Prefetch("compute_plan__shares", shares_with_names())
    )


def _uuid(text: UUID | str) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
