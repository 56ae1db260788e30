"""The API's own tables, as plain data: names of errors, samplers, and the sizes of engines that it knows by name."""

from collections.abc import Callable
from dataclasses import dataclass

# Of each error, the status it comes with.
STATUS = {
    "bad_request": 400,
    "invalid_samples": 400,
    "invalid_height_or_width": 400,
    "invalid_file_size": 400,
    "invalid_mime_type": 400,
    "invalid_image_dimensions": 400,
    "invalid_mask_image": 400,
    "invalid_prompts": 400,
    "invalid_pixel_count": 400,
    "invalid_sdxl_v222_dimensions": 400,
    "invalid_sdxl_v1_dimensions": 400,
    "unauthorized": 401,
    "permission_denied": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "insufficient_balance": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
}
# Samplers by the hub's names of schedulers.
SCHEDULERS = {
    "DDIM": "ddim",
    "DDPM": "ddpm",
    "K_DPMPP_2M": "dpmpp_2m",
    "K_DPMPP_2S_ANCESTRAL": "dpmpp_2s_a",
    "K_DPM_2": "dpm2",
    "K_DPM_2_ANCESTRAL": "dpm2_a",
    "K_EULER": "euler",
    "K_EULER_ANCESTRAL": "euler_a",
    "K_HEUN": "heun",
    "K_LMS": "lms",
}
MOST_PIXELS = 1_048_576
SDXL_V1 = ((1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640))
SDXL_V1_SIZES = frozenset((*SDXL_V1, *((height, width) for width, height in SDXL_V1)))


@dataclass(frozen=True)
class NamedRule:
    """What the API says of the engines whose ids begin so."""

    beginnings: tuple[str, ...]
    allows: Callable[[int, int], bool]
    name: str
    sentence: str


RULES = (
    NamedRule(
        ("stable-diffusion-xl-1024-",),
        lambda width, height: (width, height) in SDXL_V1_SIZES,
        "invalid_sdxl_v1_dimensions",
        "for this engine choose 1024x1024, 1152x896, 1216x832, 1344x768, 1536x640, or one of these turned",
    ),
    NamedRule(
        ("stable-diffusion-xl-beta-v2-2-2",),
        lambda width, height: max(width, height) <= 896 and min(width, height) <= 512,
        "invalid_sdxl_v222_dimensions",
        "for this engine choose sides up to 896, of which one is at most 512",
    ),
    NamedRule(
        ("stable-diffusion-768-",),
        lambda width, height: 589_824 <= width * height <= MOST_PIXELS,
        "invalid_pixel_count",
        "for this engine width × height must be from 589,824 to 1,048,576",
    ),
    NamedRule(
        ("stable-diffusion-512-", "stable-diffusion-v1-", "stable-inpainting-512-"),
        lambda width, height: 262_144 <= width * height <= MOST_PIXELS,
        "invalid_pixel_count",
        "for this engine width × height must be from 262,144 to 1,048,576",
    ),
)
