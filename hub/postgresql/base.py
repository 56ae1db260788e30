"""The module that Django loads for `ENGINE = "hub.postgresql"`."""

import select

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the server still holds its end. It closes that when it restarts or ends a session, which shows here as
        something to read where nothing was asked; only then, and after an error, a query settles it.
        """
        if self.errors_occurred or self._has_something_to_say():
            return bool(super().is_usable())
        return bool(self.connection.pgconn.status == ConnStatus.OK)

    def _has_something_to_say(self) -> bool:
        waiting = select.poll()
        waiting.register(self.connection.pgconn.socket, select.POLLIN)
        return bool(waiting.poll(0))
