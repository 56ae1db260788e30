"""What `irodori plugins` shows in a terminal of the usual width."""

import os
import subprocess
import sys

from hub.registry import installed_plugins


def test_a_plugin_that_is_not_enabled_names_its_module_in_full() -> None:
    shell = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DJANGO_"))}
    shown = subprocess.run(
        [sys.executable, "-m", "hub.cli", "plugins"],
        env={**shell, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    module = installed_plugins()["echo"].module
    assert f"echo is in {module}; add it to HUB_PLUGINS to enable it.\n" in shown
