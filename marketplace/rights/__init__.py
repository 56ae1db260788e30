"""Names that opted out, and what is refused because of them."""
