"""Programs of Stability's API for tests: keys, engines, forms and files."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import BaseModel
from tests.factories.catalogue import echo_base, tiny_sdxl_base

PROMPT = "a harbour at dawn"


def program_of(person: User, **options: Any) -> Client:
    """Sends the person's key with every request."""
    _, token = create_token(user=person)
    return Client(headers={"authorization": f"Bearer sk-{token}"}, **options)


def drawing_base(**changes: Any) -> BaseModel:
    """A base of the echo engine with sides that the API knows."""
    return echo_base(**{"slug": "drawer", "default_side": 128, "min_side": 128, "max_side": 512} | changes)


def picture_base(**changes: Any) -> BaseModel:
    """A base that can start at a picture."""
    return tiny_sdxl_base(**{"slug": "small", "default_side": 128, "min_side": 128, "max_side": 128} | changes)


def upscaler(**changes: Any) -> BaseModel:
    return echo_base(**{"slug": "irodori-x2", "engine": "upscale", "min_side": 1, "max_side": 4096} | changes)


def png(size: tuple[int, int] = (128, 128), mode: str = "RGB", colour: Any = "red") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def file(content: bytes, name: str = "init_image") -> SimpleUploadedFile:
    """As programs send it: with a name, and no word about what it is."""
    return SimpleUploadedFile(name, content, "application/octet-stream")
