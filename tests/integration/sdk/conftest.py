"""The same two kinds of client, and the same clean settings, as in the unit tests."""

from tests.unit.sdk.conftest import _no_settings_of_whoever_runs_the_tests, hub

__all__ = ["_no_settings_of_whoever_runs_the_tests", "hub"]
