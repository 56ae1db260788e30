"""The plugins that come with the hub; each registers through the same entry points as anyone else's."""
