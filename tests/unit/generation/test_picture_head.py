"""What is read of a picture before it is unpacked."""

import io

import pytest
from PIL import Image

from marketplace.generation.pictures import ORIENTATION, PictureHead, picture_head


def lying(kind: str, orientation: int) -> bytes:
    exif, file = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = orientation
    Image.new("RGB", (20, 10)).save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "size"), [(1, (20, 10)), (3, (20, 10)), (6, (10, 20)), (8, (10, 20))])
def test_a_picture_taken_with_a_turned_camera_has_the_size_that_is_seen(
    kind: str, orientation: int, size: tuple[int, int]
) -> None:
    assert picture_head(lying(kind, orientation)) == PictureHead(kind, *size)
