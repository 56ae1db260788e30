"""The site: people, catalogue, generations and money. Never imports torch or the serving tier."""
