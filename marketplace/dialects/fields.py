"""Reads one field of a request at a time and says what is wrong with it, in words that may follow its name."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from marketplace.dialects.errors import MISSING, WRONG, Refused

INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
KEY = re.compile(r"(?P<name>[^\[\]]+)(?P<rest>(?:\[[^\[\]]+\])*)")
# JSON can spell them and UTF-8 can't: no answer could repeat them.
SURROGATE = re.compile(r"[\ud800-\udfff]")
MAX_DEPTH = 5


@dataclass(frozen=True)
class Fields:
    """`are_texts`: of a form, in which numbers are texts and lists are mappings from places. `where` begins messages."""

    values: Mapping[str, Any]
    are_texts: bool = False
    where: str = ""

    def integer(self, name: str, least: int, most: int, refused: str = WRONG) -> int | None:
        """None where it is left out or null. Raises Refused, by the name `refused`."""
        value = self._given(name, INTEGER)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not least <= value <= most:
            self._refuse(name, _("must be an integer from %(least)s to %(most)s"), least, most, refused)
        return int(value)

    def number(self, name: str, least: float, most: float) -> float | None:
        value = self._given(name, NUMBER)
        if value is None:
            return None
        # NaN compares as false.
        if not isinstance(value, int | float) or not least <= value <= most or not math.isfinite(value):
            self._refuse(name, _("must be a number from %(least)s to %(most)s"), least, most)
        return float(value)

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or value not in choices:
            message = _("must be one of %(choices)s") % {"choices": ", ".join(choices)}
            raise Refused(WRONG, message, field=self.where + name)
        return value

    def text(self, name: str, most: int) -> str:
        value = self.optional_text(name, most)
        if not value:
            raise Refused(MISSING, _("is required"), field=self.where + name)
        return value

    def optional_text(self, name: str, most: int) -> str:
        """Empty where it is left out."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > most:
            message = _("must be a text of at most %(most)s characters") % {"most": most}
            raise Refused(WRONG, message, field=self.where + name)
        if SURROGATE.search(value):
            raise Refused(WRONG, _("holds half a character. Type it again as plain text."), field=self.where + name)
        return value

    def flag(self, name: str) -> bool:
        """False where it is left out or null."""
        value = self.values.get(name)
        if self.are_texts and value in ("true", "false"):
            return bool(value == "true")
        if value is not None and not isinstance(value, bool):
            raise Refused(WRONG, _("must be true or false"), field=self.where + name)
        return bool(value)

    def rows(self, name: str, most: int) -> "list[Fields]":
        """A list of objects, in order; empty where it is left out. Of a form, JSON or a field for each value."""
        value = self.values.get(name)
        if value is None:
            return []
        if self.are_texts:
            value = _list_of_form(value)
        if not isinstance(value, list) or len(value) > most or not all(isinstance(row, dict) for row in value):
            message = _("must be a list of at most %(most)s objects") % {"most": most}
            raise Refused(WRONG, message, field=self.where + name)
        return [Fields(row, self.are_texts, f"{self.where}{name}[{place}].") for place, row in enumerate(value)]

    def part(self, name: str) -> "Fields":
        """An object in the object; empty where it is left out. Of a form, JSON or a field for each value."""
        value = _read_text(self.values.get(name)) if self.are_texts else self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise Refused(WRONG, _("must be an object"), field=self.where + name)
        return Fields(value or {}, self.are_texts, f"{self.where}{name}.")

    def _given(self, name: str, pattern: re.Pattern[str]) -> Any:
        """What was sent; of a form the number that its text says. Booleans, which are integers in Python, are none."""
        value = self.values.get(name)
        if self.are_texts and isinstance(value, str) and pattern.fullmatch(value.strip()):
            return int(value) if pattern is INTEGER else float(value)
        return str(value) if isinstance(value, bool) else value

    def _refuse(self, name: str, message: str, least: float, most: float, refused: str = WRONG) -> None:
        raise Refused(refused, message % {"least": least, "most": most}, field=self.where + name)


def _list_of_form(value: Any) -> Any:
    """`[0][id]=...` as a list, and a text of JSON as what it says; anything else as it is."""
    if isinstance(value, dict) and all(INTEGER.fullmatch(place) for place in value):
        return [value[place] for place in sorted(value, key=int)]
    return _read_text(value)


def _read_text(value: Any) -> Any:
    """Of a text of JSON what it says; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def fields_of_json(body: object) -> Fields:
    if not isinstance(body, dict):
        raise Refused(WRONG, _("The body must be a JSON object."))
    return Fields(body)


def fields_of_form(form: QueryDict) -> Fields:
    """`text_prompts[0][text]=fox` as {"text_prompts": {"0": {"text": "fox"}}}; of a name sent twice the last counts."""
    values: dict[str, Any] = {}
    for key, value in form.items():
        path = _path(key)
        place = values
        for name in path[:-1]:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise Refused(WRONG, _("is sent as a value and as an object"), field=key[:100])
        place[path[-1]] = value
    return Fields(values, are_texts=True)


def _path(key: str) -> list[str]:
    found = KEY.fullmatch(key)
    names = [] if found is None else [found["name"], *re.findall(r"[^\[\]]+", found["rest"])]
    if not 0 < len(names) <= MAX_DEPTH:
        raise Refused(WRONG, _("is no name of a field"), field=key[:100])
    return names
