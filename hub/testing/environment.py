"""Gives a test run a data folder and ports of its own, before anything reads a setting.

A pytest plugin, loaded by `-p` in pyproject.toml: pytest-django reads the settings before any conftest.py is imported.
"""

import os
import shutil
import tempfile
from pathlib import Path

from hub.config import DEFAULT_PLUGINS
from hub.local.folder import DataFolder
from hub.local.ports import HOST, Ports, choose_ports

# `make test-services` sets it: the same tests then run on PostgreSQL and Redis.
ON_SERVICES = os.environ.get("HUB_TEST_SERVICES") == "1"
DATABASE_URL = os.environ.get("HUB_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/irodori")
REDIS_URL = os.environ.get("HUB_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
AMQP_URL = os.environ.get("HUB_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")

FOLDER = DataFolder(Path(tempfile.mkdtemp(prefix="irodori-tests-")))
PORTS, _ = choose_ports(Ports(site=0, broker=0, s3=0, master=0, volume=0, filer=0, metrics=0))
EMBEDDED_BROKER_URL = f"redis://{HOST}:{PORTS.broker}/0"
# `make test-services` runs the life cycle once more with HUB_TEST_BROKER=amqp.
_SERVICE_BROKER_URL = AMQP_URL if os.environ.get("HUB_TEST_BROKER") == "amqp" else REDIS_URL
BROKER_URL = _SERVICE_BROKER_URL if ON_SERVICES else EMBEDDED_BROKER_URL

# A developer's own settings, or those of the xdist process that started this one, must not reach the tests.
for _name in [name for name in os.environ if name.startswith("HUB_") and not name.startswith("HUB_TEST_")]:
    del os.environ[_name]
os.environ |= {
    "HUB_DATA_DIR": str(FOLDER.root),
    "HUB_PLUGINS": ",".join(("echo", *DEFAULT_PLUGINS)),
    "HUB_S3_ENDPOINT": f"http://{HOST}:{PORTS.s3}",
    "HUB_DATABASE_URL": DATABASE_URL if ON_SERVICES else "",
    "HUB_BROKER_URL": BROKER_URL,
    # Tests are quicker than any program, and each other's persons have the same numbers.
    **{f"HUB_API_LIMIT_{whom}": "1000000/minute" for whom in ("PERSON", "KEY", "ADDRESS")},
    "HUB_METRICS_PORT": "0",  # Workers of several tests would take it from each other; who reads it names one.
    "OMP_WAIT_POLICY": "PASSIVE",
}
FOLDER.create()


def pytest_unconfigure() -> None:
    shutil.rmtree(FOLDER.root, ignore_errors=True)
