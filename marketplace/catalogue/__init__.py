"""Base models, styles and their versions, with the terms their creators set."""
