"""Connections to a PostgreSQL that may stop answering: every wait has an end."""

from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy import event

STATEMENT_SECONDS = 5
_LIMITS: dict[str, Any] = {
    "connect_timeout": 3,
    # Without these a connection to a machine that vanished is given up after a quarter of an hour.
    "tcp_user_timeout": 1000 * STATEMENT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class ImpatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than any statement may.

    The server's own time-out ends a slow statement; a server that stands still does not even do that.
    """

    longest_wait = STATEMENT_SECONDS + 2.0  # seconds

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.longest_wait if timeout is None else timeout)
        except psycopg.OperationalError:
            # In the middle of a statement: a rollback would wait for the same server once more.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def postgres_engine(url: sa.URL, *, hurry: bool) -> sa.Engine:
    """An engine with a connection for each of some ten threads. What the URL says about time-outs counts first.

    hurry: whether statements have to end within STATEMENT_SECONDS; a change of the schema may take its time.
    """
    arguments = {name: value for name, value in _LIMITS.items() if name not in url.query}
    if hurry:
        stated = url.query.get("options", "")
        limit = f"-c statement_timeout={1000 * STATEMENT_SECONDS}"
        arguments["options"] = " ".join((limit, stated if isinstance(stated, str) else " ".join(stated))).strip()
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        pool_timeout=STATEMENT_SECONDS,
        connect_args=arguments,
        hide_parameters=True,
    )
    if hurry:
        event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> ImpatientConnection:
    return ImpatientConnection.connect(*arguments, **named)
