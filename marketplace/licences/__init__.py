"""Licences as data: one policy per version, which pages and files are written from and every use is judged by."""
