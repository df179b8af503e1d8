"""Excel workbooks (.xlsx), streamed; merged cells are found beforehand, as a streaming reader does not see them."""

from __future__ import annotations

import contextlib
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tasktune.data.importing.excel_parts import Merged, letters, look_through
from tasktune.data.importing.header import column_names
from tasktune.data.importing.install import installed
from tasktune.data.importing.items import Blank, Item, Rejected, Source, SourceRow
from tasktune.data.importing.values import plain
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


def choose_sheet(path: Path, wanted: str | None) -> tuple[str, list[str]]:
    """The sheet to read and the names of the others: the one asked for, else the first that is not hidden.

    :raises InputError: the file is no workbook, or has no such sheet.
    """
    with _workbook(path) as book:
        names = [sheet.title for sheet in book.worksheets]
        visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if wanted is not None and wanted not in names:
        raise InputError(
            _("{file} has no sheet {name!r}", file=path, name=wanted),
            hint=_("its sheets: {names}", names=", ".join(names)),
        )
    if not names:
        raise InputError(_("{file} has no sheet of cells", file=path))
    chosen = wanted if wanted is not None else (visible or names)[0]
    return chosen, [name for name in names if name != chosen]


def read_excel(
    path: Path, sheet: str, source: Source, header_row: int | None, columns: Sequence[str]
) -> Iterator[Item]:
    """The rows under the header row; with ``columns`` there is none and these are the names.

    :raises InputError: the header has merged cells, or no names.
    """
    names: list[str] | None = list(columns) or None
    above: dict[int, Sequence[Any]] = {}
    with _workbook(path) as book:
        merged, formulas = look_through(path, sheet)
        _tell_of_formulas(formulas, source)
        cells = book[sheet]
        # Some programs write a wrong extent, which would cut rows off.
        cells.reset_dimensions()
        for number, values in enumerate(cells.iter_rows(values_only=True), 1):
            if header_row is not None and number < header_row:
                above[number] = values
                yield Blank(number)
            elif all(value is None or value == "" for value in values):
                yield Blank(number)
            elif names is None:
                _refuse_merged_header(number, merged, path, explicit=header_row is not None)
                names = _header(values, number, merged, above, path)
                _tell_of_merged(merged, number, source)
            else:
                yield _row(number, values, names)


def _row(number: int, values: Sequence[Any], names: Sequence[str]) -> Item:
    problems = []
    for column, value in enumerate(values, 1):
        if value is None:
            continue
        if column > len(names):
            problems.append(
                Problem(
                    _("cell {cell} has a value, but its column has no name", cell=f"{letters(column)}{number}"),
                    _("name the column in the header, or empty the cell"),
                )
            )
        elif isinstance(value, str) and value in _ERRORS:
            problems.append(
                Problem(_("cell {cell} holds the error {error}", cell=f"{letters(column)}{number}", error=value))
            )
    fields = {name: plain(value) for name, value in zip(names, values, strict=False)}
    if problems:
        return Rejected(number, tuple(problems), fields)
    return SourceRow(number, fields)


def _refuse_merged_header(number: int, merged: Sequence[Merged], path: Path, *, explicit: bool) -> None:
    inside = [each for each in merged if each.top <= number <= each.bottom]
    # A name that is merged downwards is still one name, if the user says that the names end here.
    wrong = [each for each in inside if each.right > each.left or (each.bottom > number and not explicit)]
    if not wrong:
        return
    deepest = max(each.bottom for each in inside)
    raise InputError(
        _(
            "{file}, row {row}: the header has merged cells ({ranges}), so its columns have no names of their own",
            file=path,
            row=number,
            ranges=", ".join(map(str, wrong)),
        ),
        hint=_(
            "if the names stand in row {row}, say --header-row {row}; else unmerge the cells",
            row=deepest if deepest > number else number + 1,
        ),
    )


def _header(
    values: Sequence[Any], number: int, merged: Sequence[Merged], above: Mapping[int, Sequence[Any]], path: Path
) -> list[str]:
    names = list(values)
    for each in merged:
        if each.top < number <= each.bottom and each.left == each.right <= len(names) and each.top in above:
            names[each.left - 1] = above[each.top][each.left - 1]
    while names and names[-1] in (None, ""):
        names.pop()
    return column_names(names, str(path), number)


def _tell_of_merged(merged: Sequence[Merged], header: int, source: Source) -> None:
    below = [each for each in merged if each.bottom > header]
    if below:
        shown = ", ".join(map(str, below[:5])) + (" …" if len(below) > 5 else "")
        source.notice(
            _(
                "{count} ranges of merged cells among the rows ({ranges}): only the first cell of each has the value",
                count=len(below),
                ranges=shown,
            )
        )


def _tell_of_formulas(cells: Counter[str], source: Source) -> None:
    if cells:
        count = cells.total()
        shown = ", ".join(list(cells)[:5]) + (" …" if count > 5 else "")
        source.notice(
            _(
                "{count} cells hold formulas without results ({cells}) and are read as empty: open the workbook in "
                "Excel or LibreOffice and save it, which computes them",
                count=f"{count:,}",
                cells=shown,
            )
        )


@contextlib.contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    openpyxl = installed("openpyxl", _("Excel files"))
    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        # It warns of styles and validations that it leaves out, which are no data.
        warnings.simplefilter("ignore")
        try:
            book = _opened(openpyxl, path)
            stack.callback(book.close)
            yield book
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, ElementTree.ParseError) as error:
            raise InputError(
                _("{file} is not an Excel workbook, or a damaged or protected one: {error}", file=path, error=error),
                hint=_("open it in Excel or LibreOffice and save it as .xlsx, without a password"),
            ) from error


def _opened(openpyxl: Any, path: Path) -> Any:
    """The workbook.

    :raises ValueError: it is none that can be read.
    """
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (AttributeError, TypeError, IndexError) as error:
        # What it expects of a part of the workbook is not there, or of another kind.
        raise ValueError(error) from error
