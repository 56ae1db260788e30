"""Fields that take what they are meant for and nothing that can be made into it."""

from copy import copy
from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """Text alone: a number in the place of a title is a mistake, and is told so."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class QuickFields:
    """For a serializer of requests: its fields are copied as they are, where the framework makes each anew by its arguments.

    What they are made of is shared, so that none may change itself or what it holds while it reads a request.
    """

    _declared_fields: dict[str, serializers.Field[Any, Any, Any, Any]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: copy(field) for name, field in self._declared_fields.items()}
