"""A small learned upscaler; see README.md."""
