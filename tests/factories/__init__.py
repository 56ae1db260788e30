"""Rows and files for tests: each function makes one real thing, with every field changeable by name."""
