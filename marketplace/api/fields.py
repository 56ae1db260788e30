"""Fields that take what they are meant for and nothing that can be made into it."""

from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """Text alone: a number in the place of a title is a mistake, and is told so."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text
