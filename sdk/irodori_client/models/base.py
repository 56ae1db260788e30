"""What all models share."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Model(BaseModel):
    """An answer. A field that a newer hub adds is passed over, so that this release goes on working with it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Sent(BaseModel):
    """A request. A field that is misspelt is an error here and not silently left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(Model, Generic[Item]):
    """A part of a list, newest first; `next` is the address of the part after it."""

    next: str | None = None
    previous: str | None = None
    results: tuple[Item, ...]
