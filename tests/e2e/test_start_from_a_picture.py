"""A buyer paints over a part of a picture and has only that drawn anew, then starts from what came out."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, expect

from hub.testing.stack import RunningStack
from tests.e2e.visitors import PATIENCE_MS, visit

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.torch]
MASK_PIXELS = """() => new Promise((done) => {
  createImageBitmap(document.getElementById("id_mask").files[0]).then((image) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext("2d").drawImage(image, 0, 0);
    done([image.width, image.height, ...canvas.getContext("2d").getImageData(0, 0, image.width, image.height).data]);
  });
})"""


def red() -> FilePayload:
    file = io.BytesIO()
    Image.new("RGB", (128, 128), "red").save(file, "PNG")
    return {"name": "red.png", "mimeType": "image/png", "buffer": file.getvalue()}


def test_a_part_of_a_picture_is_painted_and_drawn_anew(browser: Browser, running_stack: RunningStack) -> None:
    buyer = visit(browser, running_stack.url)
    buyer.sign_up("Ana Brush", "ana@example.org")
    buyer.top_up()
    buyer.open("/create/")
    page = buyer.page
    page.get_by_label("Prompt").fill("a fox on a blue background")
    page.get_by_text("Start from a picture").click()
    page.get_by_label("Picture optional").set_input_files(red())
    painted = page.locator("#paint-mask")
    painted.scroll_into_view_if_needed()
    painted.click(position={"x": 60, "y": 60})
    expect(page.get_by_text("Only the painted part is drawn anew.")).to_be_visible()

    width, height, *levels = page.evaluate(MASK_PIXELS)
    mask = np.array(levels, np.uint8).reshape(height, width, 4)[..., 0]
    scale = width / painted.evaluate("element => element.clientWidth")
    at = round(60 * scale)
    assert (width, height, mask[at, at], mask[-1, -1], mask[0, 0]) == (128, 128, 255, 0, 0)

    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("strength 0.6, where its mask is white")).to_be_visible()
    page.get_by_role("link", name="Use this picture").click()
    expect(page.get_by_label("Start from this picture of yours")).to_be_checked()
    expect(painted).to_be_visible()
    assert buyer.complaints == []
