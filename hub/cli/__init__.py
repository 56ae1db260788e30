"""The `irodori` command."""
