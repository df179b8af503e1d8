"""Parquet files, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasktune.data.importing.classes import Named, features_in, namers
from tasktune.data.importing.install import installed
from tasktune.data.importing.items import Item, Source, SourceRow
from tasktune.data.importing.values import plain
from tasktune.errors import InputError
from tasktune.locale import translate as _


def read_parquet(path: Path, source: Source) -> Iterator[Item]:
    """The rows, numbered from 1; numbered classes are named.

    :raises InputError: the file is damaged, or no Parquet file.
    """
    pyarrow = installed("pyarrow", _("Parquet files"))
    parquet = installed("pyarrow.parquet", _("Parquet files"))
    try:
        with parquet.ParquetFile(path) as file:
            named = namers(features_in(file.schema_arrow.metadata))
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield table_row(number, row, named, source)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(_("{file} is no readable Parquet file: {error}", file=path, error=error)) from error


def table_row(number: int, row: Mapping[str, Any], named: Mapping[str, Named], source: Source) -> SourceRow:
    """A row of a typed table: classes named, values as JSON has them. What cannot be is left out, and told of."""
    fields = {}
    for column, value in row.items():
        try:
            fields[column] = plain(named[column](value) if column in named else value)
        except ValueError as error:
            source.notice(_("column {column} is left out: {reason}", column=column, reason=error))
    return SourceRow(number, fields)
