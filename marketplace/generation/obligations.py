"""What must go with a picture wherever it goes, by the licences of the styles that made it."""

from marketplace.catalogue.licences import must_be_shared_under
from marketplace.catalogue.selectors import credit_of
from marketplace.generation.models import Generation
from marketplace.licences.selectors import policy_of, policy_of_base


def credit_lines(generation: Generation) -> list[str]:
    """A line for each style whose terms ask for one, in the order they were chosen."""
    lines = (credit_of(use.version) for use in generation.adapters.all())
    return [line for line in lines if line]


def shared_under(generation: Generation) -> str:
    """The licence that the picture must be passed on under; "" where its owner is free to choose."""
    return must_be_shared_under(use.version.licence for use in generation.adapters.all())


def may_be_used_in_business(generation: Generation) -> bool:
    """Do its base and all of its styles grant commercial use?"""
    styles = [policy_of(use.version) for use in generation.adapters.all()]
    return all(policy.commercial_use for policy in (policy_of_base(generation.base_model), *styles))
