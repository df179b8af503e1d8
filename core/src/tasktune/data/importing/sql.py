"""Rows of a database, by its URL in SQLAlchemy's form (``postgresql://user@host/name``). Nothing is changed in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasktune.data.importing.header import column_names
from tasktune.data.importing.install import installed
from tasktune.data.importing.items import Item, Source
from tasktune.data.importing.parquet import table_row
from tasktune.errors import InputError
from tasktune.locale import translate as _

SQLITE_FILES = (".db", ".sqlite", ".sqlite3")


def shown_url(url: str) -> str:
    """The URL without its password."""
    sqlalchemy = installed("sqlalchemy", _("databases"))
    try:
        parts = sqlalchemy.engine.make_url(url)
        text: str = parts.render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError as error:
        # The text may hold a password: it is not repeated.
        raise InputError(
            _("the database URL cannot be read"), hint="sqlite:///rows.db, postgresql://user:password@host/name"
        ) from error
    return f"sqlite:///{parts.database}" if parts.get_backend_name() == "sqlite" else text


def choose_table(url: str, table: str | None) -> str:
    """The table asked for, else the only one there is.

    :raises InputError: there is no such table, or there are several, all of them named.
    """
    sqlalchemy = installed("sqlalchemy", _("databases"))
    with _connected(url) as connection:
        inspector = sqlalchemy.inspect(connection)
        names = [*inspector.get_table_names(), *inspector.get_view_names()]
    if table is None and len(names) == 1:
        return str(names[0])
    if table is None or table not in names:
        raise InputError(
            _("{name}: which table?", name=shown_url(url))
            if table is None
            else _("{name} has no table {table!r}", name=shown_url(url), table=table),
            hint=_("choose one with --table: {names}; or give --query", names=", ".join(names) or _("none")),
        )
    return table


def read_sql(url: str, source: Source, table: str | None, query: str | None) -> Iterator[Item]:
    """The rows of a table, or those that a query gives, fetched in portions.

    :raises InputError: the database cannot be reached, or refuses the query.
    """
    sqlalchemy = installed("sqlalchemy", _("databases"))
    with _connected(url) as connection:
        if query is None:
            statement = sqlalchemy.select(sqlalchemy.text("*")).select_from(sqlalchemy.table(table))
        else:
            statement = sqlalchemy.text(query)
        result = connection.execution_options(stream_results=True, yield_per=1000).execute(statement)
        if not result.returns_rows:
            raise InputError(_("the query gives no rows"), hint=_("--query must be a SELECT"))
        names = column_names(list(result.keys()), _("the query"), 1)
        for number, row in enumerate(result, 1):
            yield table_row(number, dict(zip(names, row, strict=True)), {}, source)


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    """A connection whose transaction is never committed."""
    sqlalchemy = installed("sqlalchemy", _("databases"))
    shown = shown_url(url)
    parts = sqlalchemy.engine.make_url(url)
    options: dict[str, Any] = {}
    if parts.get_backend_name() == "sqlite" and parts.database and not parts.database.startswith("file:"):
        path = Path(parts.database).resolve()
        if not path.is_file():
            # SQLite would make an empty one.
            raise InputError(_("{file} is not there", file=parts.database))
        # Read-only by the URI, which SQLAlchemy's own form of it cannot say for every path.
        options["creator"] = lambda: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        engine = sqlalchemy.create_engine(parts, **options)
    except ModuleNotFoundError as error:
        raise InputError(
            _("{name} needs the package {package}, which is not installed", name=shown, package=error.name),
            hint=_("install the database's driver with pip"),
        ) from error
    except sqlalchemy.exc.ArgumentError as error:
        raise InputError(_("{name}: {reason}", name=shown, reason=error)) from error
    try:
        with engine.connect() as connection:
            yield connection
            connection.rollback()
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise InputError(_("{name}: {reason}", name=shown, reason=reason)) from error
    finally:
        engine.dispose()
