"""What ``tune data import`` shows: the source, the fields with their first values, and the account of the rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tasktune.cli import layout
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.importing.fields import Mapped
    from tasktune.data.importing.items import Source, SourceRow
    from tasktune.data.importing.offsets import Counting
    from tasktune.data.importing.run import ImportReport

_MOST_LABELS = 20
_VALUE = 40


def source_words(source: Source) -> str:
    """The source, its format, and what was found out about it."""
    names = {
        "encoding": _("encoding"),
        "delimiter": _("delimiter"),
        "sheet": _("sheet"),
        "tokens": _("tokens in column"),
        "tags": _("tags in column"),
        "table": _("table"),
        "query": _("query"),
        "split": _("the split"),
        "subset": _("subset"),
    }
    parts = [source.format, *(f"{names[name]} {value}" for name, value in source.details.items())]
    return _("{source}: {about}", source=source.name, about=_(", ").join(parts))


def field_table(mapped: Mapped, sample: Sequence[SourceRow]) -> str:
    """Which column fills which field, why, and the first value; and the other columns."""
    from tasktune.data.importing.fields import value_at

    how = {
        "given": _("given"),
        "task": _("by task.yaml"),
        "same name": _("same name"),
        "by name": _("guessed by name"),
        "by contents": _("guessed by contents"),
    }
    rows = []
    for each in mapped.filled:
        values = (value_at(row.fields, each.column) for row in sample)
        first = next((value for value in values if value not in (None, "")), "")
        rows.append((each.field, each.column, how[each.how], _short(first)))
    lines = [layout.table([_("field"), _("column"), _("how"), _("first value")], rows)]
    if mapped.kept:
        lines.append(_("kept as they are: {columns}", columns=", ".join(mapped.kept)))
    if mapped.left:
        lines.append(_("left out: {columns}", columns=", ".join(mapped.left)))
    return "\n".join(lines)


def report_words(report: ImportReport, counting: Counting) -> str:
    """The account: every row, the labels, what was rejected and why, and what is worth knowing."""
    counts = report.counts
    rows = [
        (_("rows read"), f"{counts.read:,}", ""),
        *([(_("added by --pairs"), f"{counts.added:,}", "")] if counts.added else []),
        (_("written"), f"{counts.written:,}", report.output),
        (_("rejected"), f"{counts.rejected:,}", report.rejects or ""),
        (_("blank"), f"{counts.blank:,}", _places(report)),
    ]
    total = f"{counts.read:,}" + (f" + {counts.added:,}" if counts.added else "")
    parts = [
        layout.table(["", _("row count"), ""], rows, numbers=frozenset({1})),
        f"{total} = {counts.written:,} + {counts.rejected:,} + {counts.blank:,}",
    ]
    if report.labels:
        shown = [f"{name} {count:,}" for name, count in list(report.labels.items())[:_MOST_LABELS]]
        more = len(report.labels) - _MOST_LABELS
        shown += [_("and {more} more", more=more)] if more > 0 else []
        parts.append(_("Labels: {labels}", labels=_(", ").join(shown)))
    notices = list(report.notices)
    if (counting.unit, counting.first, counting.inclusive) != ("characters", 0, False):
        notices.insert(0, _("the offsets count {counting}; they were converted to characters", counting=counting))
    parts += [_("Notice: {text}", text=notice) for notice in notices]
    if report.first_rejected:
        more = counts.rejected - len(report.first_rejected)
        lines = ["  " + reason for reason in report.first_rejected]
        lines += ["  " + _("… and {more} more", more=f"{more:,}")] if more > 0 else []
        parts.append("\n".join([_("Rejected rows:"), *lines]))
    return "\n\n".join(parts)


@contextmanager
def counter() -> Iterator[Callable[[int], None]]:
    """A function that shows how many rows were read, on a terminal; elsewhere nothing moves."""
    shown = False

    def show(read: int) -> None:
        nonlocal shown
        if read and sys.stderr.isatty():
            click.echo("\r" + _("{rows} rows read", rows=f"{read:,}"), err=True, nl=False)
            shown = True

    try:
        yield show
    finally:
        if shown:
            click.echo("\r\x1b[K", err=True, nl=False)


def _places(report: ImportReport) -> str:
    places = ", ".join(map(str, report.first_blank))
    return places + (" …" if report.counts.blank > len(report.first_blank) else "")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"
