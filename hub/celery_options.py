"""Celery settings that both apps share. JSON only; a message is a hint, so losing one costs a retry, never money."""

from typing import Any

CELERY_OPTIONS: dict[str, Any] = {
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_timeout": 3,
    # A worker killed with a message in hand hides it this long; the reaper acts long before.
    "broker_transport_options": {"visibility_timeout": 3600, "socket_keepalive": True},
    "task_default_queue": "site",
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "enable_utc": True,
}
