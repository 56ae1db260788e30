"""What the embedded stack tells its processes, and what it remembers of earlier starts."""

import json
from pathlib import Path

from hub.local.environment import replaced_settings, stack_environment, uses_shipped_base
from hub.local.folder import DataFolder
from hub.local.ports import Ports
from hub.local.secrets_file import Secrets, load_secrets
from hub.local.stamp import files_stamp, is_stamped

FOLDER = DataFolder(Path("/data"))


def environment(**caller: str) -> dict[str, str]:
    return stack_environment(caller, FOLDER, Ports(), Secrets())


def test_a_service_that_the_callers_settings_name_is_never_used() -> None:
    caller = {
        "HUB_BROKER_URL": "redis://prod:6379/0",
        "HUB_DATABASE_URL": "postgres://prod/hub",
        "HUB_LOG_LEVEL": "DEBUG",
    }
    found = environment(**caller)
    assert (found["HUB_BROKER_URL"], found.get("HUB_DATABASE_URL"), found["HUB_LOG_LEVEL"]) == (
        "redis://127.0.0.1:6399/0",
        None,
        "DEBUG",
    )
    assert replaced_settings(caller) == ["HUB_BROKER_URL", "HUB_DATABASE_URL"]


def test_mails_are_written_to_files_unless_the_caller_sends_them() -> None:
    own = "django.core.mail.backends.smtp.EmailBackend"
    found = (environment()["HUB_EMAIL_BACKEND"], environment(HUB_EMAIL_BACKEND=own)["HUB_EMAIL_BACKEND"])
    assert found == ("django.core.mail.backends.filebased.EmailBackend", own)


def test_the_metrics_have_a_port_of_the_stacks_own_unless_the_caller_names_one() -> None:
    found = (environment()["HUB_METRICS_PORT"], environment(HUB_METRICS_PORT="0")["HUB_METRICS_PORT"])
    assert found == ("9464", "0")


def test_no_worker_is_told_of_django() -> None:
    assert "DJANGO_SETTINGS_MODULE" not in environment(DJANGO_SETTINGS_MODULE="hub.settings")


def test_a_base_of_the_callers_own_is_kept() -> None:
    own = environment(HUB_PLUGIN_CONFIG='{"sdxl": {"base": "/models/sdxl"}, "echo": {"prefix": ">"}}')
    config = json.loads(own["HUB_PLUGIN_CONFIG"])
    assert (config["sdxl"]["base"], config["echo"], uses_shipped_base(own)) == (
        "/models/sdxl",
        {"prefix": ">"},
        False,
    )
    assert uses_shipped_base(environment())


def test_secrets_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_secrets(path)
    assert (load_secrets(path), path.stat().st_mode & 0o777) == (first, 0o600)
    assert first != Secrets()


def test_a_secret_that_an_older_folder_lacks_is_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"secret_key": "old"}')
    assert load_secrets(path).secret_key == "old"
    assert load_secrets(path) == load_secrets(path)


def test_a_stamp_changes_with_content_name_and_setting(tmp_path: Path) -> None:
    one, two = tmp_path / "0001_a.py", tmp_path / "0001_b.py"
    one.write_text("x")
    two.write_text("x")
    stamps = {files_stamp([one]), files_stamp([two]), files_stamp([one], "echo"), files_stamp([one, two])}
    one.write_text("y")
    assert len({*stamps, files_stamp([one])}) == 5


def test_a_step_is_due_until_it_was_stamped(tmp_path: Path) -> None:
    path = tmp_path / "database.stamp"
    assert not is_stamped(path, "a")
    path.write_text("a")
    assert (is_stamped(path, "a"), is_stamped(path, "b")) == (True, False)
