"""What is read of a picture before it is unpacked."""

import io

import pytest
from PIL import Image

from marketplace.errors import InvalidInput
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


def saved_as(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, kind)
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((saved_as(kind), kind) for kind in ("GIF", "BMP", "TIFF", "PDF", "AVIF")),
        (SVG, "SVG"),
        (b"\xef\xbb\xbf\n" + SVG, "SVG"),
        (b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n' + SVG, "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    ],
    ids=["GIF", "BMP", "TIFF", "PDF", "AVIF", "SVG", "SVG after a mark", "SVG after a remark", "HEIC"],
)
def test_a_file_of_another_kind_is_told_by_its_name(content: bytes, kind: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        picture_head(content)
    told = (refused.value.code, refused.value.message)
    assert told == ("not_a_picture", f"This is {kind}. Send the picture as PNG, JPEG or WebP.")


@pytest.mark.parametrize("content", [b"", b"text", b"<html><svg/></html>", b"BMW is no picture", saved_as("PNG")[:20]])
def test_what_is_of_no_kind_at_all_can_not_be_read(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="can't be read"):
        picture_head(content)
