"""Tells programs of others what happened: signed HTTP requests to addresses that an account names."""
