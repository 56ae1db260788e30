"""The API's own tables, as plain data: names of errors, and what each word of a request means here."""

INVALID = "invalid_request_error"
# Of each error's code, the status it comes with and its type.
CODES = {
    "invalid_value": (400, INVALID),
    "missing_required_parameter": (400, INVALID),
    "unknown_parameter": (400, INVALID),
    "unsupported_parameter": (400, INVALID),
    "unsupported_value": (400, INVALID),
    "invalid_image_file": (400, INVALID),
    "invalid_body": (400, INVALID),
    "moderation_blocked": (400, "image_generation_user_error"),
    "invalid_api_key": (401, INVALID),
    "mismatched_organization": (401, INVALID),
    "mismatched_project": (401, INVALID),
    "insufficient_permissions": (403, INVALID),
    "url_expired": (403, INVALID),
    "model_not_found": (404, INVALID),
    "not_found": (404, INVALID),
    "unknown_url": (404, INVALID),
    "method_not_supported": (405, INVALID),
    "request_too_large": (413, INVALID),
    "rate_limit_exceeded": (429, "requests"),
    "insufficient_quota": (429, "insufficient_quota"),
    "server_error": (500, "server_error"),
    "unavailable": (503, "server_error"),
}
# How many steps, as a part of those that the base does by itself.
QUALITIES = {
    "auto": 1.0,
    "standard": 1.0,
    "low": 0.5,
    "medium": 1.0,
    "high": 1.5,
    "hd": 1.5,
    "xhigh": 2.0,
    "max": 3.0,
}
# Answers know only five of them.
QUALITY_SAID = {"auto": "medium", "standard": "medium", "hd": "high"}
# How much of the picture is drawn anew: all of it, or what a mask leaves open.
FIDELITIES = {"low": (0.6, 1.0), "high": (0.35, 0.75)}
# What a `style` adds to the prompt, after a comma.
STYLES = {"vivid": "vivid colours, dramatic light", "natural": "natural colours, soft light"}
FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}

COMMON = (
    *("prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression"),
    *("response_format", "stream", "partial_images", "user", "safety_identifier"),
)
# This hub's own, which the client sends as `extra_body`.
EXTENSIONS = ("negative_prompt", "seed", "adapters")
GENERATE = (*COMMON, "moderation", "style", *EXTENSIONS)
EDIT = (*COMMON, "image", "image[]", "mask", "input_fidelity", *EXTENSIONS)
# The API has them and this hub can't do what they ask for.
UNSUPPORTED = ("complexity", "frame_count", "frame_duration_ms", "svg", "markup")
