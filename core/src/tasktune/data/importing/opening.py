"""From what the user calls a source to a stream of its rows: which format, which encoding, which part of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice
from pathlib import Path

from tasktune.data.files import encoding_problem
from tasktune.data.importing import conll, csv_rows, excel, exports, hub, json_rows, parquet, sql
from tasktune.data.importing.encoding import detect_encoding
from tasktune.data.importing.header import column_names
from tasktune.data.importing.items import Item, Source, SourceRow
from tasktune.data.importing.text import read_lines
from tasktune.errors import InputError
from tasktune.locale import translate as _

FORMATS = ("jsonl", "json", "csv", "tsv", "xlsx", "parquet", "conll", "label-studio", "doccano", "hf", "sql")
_BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
    ".conll": "conll",
    ".conllu": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bio": "conll",
    ".bioes": "conll",
    **dict.fromkeys(sql.SQLITE_FILES, "sql"),
}
_URL = re.compile(r"[A-Za-z][\w+.-]*://")
_TEXT = ("jsonl", "json", "csv", "tsv", "conll", "label-studio", "doccano")


@dataclass(frozen=True)
class Reading:
    """How a source is to be read, where the user says more than its name. Lines and rows count from 1."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    table: str | None = None
    query: str | None = None
    split: str | None = None
    subset: str | None = None

    def given(self) -> dict[str, object]:
        """What the user says, by option."""
        values = {"--" + each.name.replace("_", "-"): getattr(self, each.name) for each in fields(self)}
        return {option: value for option, value in values.items() if value not in (None, ())}


_FITS: Mapping[str, tuple[str, ...]] = {
    "--encoding": _TEXT,
    "--delimiter": ("csv", "tsv"),
    "--header-row": ("csv", "tsv", "xlsx"),
    "--columns": ("csv", "tsv", "xlsx"),
    "--sheet": ("xlsx",),
    "--table": ("sql",),
    "--query": ("sql",),
    "--split": ("hf",),
    "--subset": ("hf",),
}


def open_source(name: str, reading: Reading) -> Source:
    """The source called ``name``: a file, a folder, ``hf:ORG/NAME``, or a database's URL.

    :raises InputError: it is not there, its format is not known, or an option does not go with it.
    """
    try:
        return _open(name, reading)
    except OSError as error:
        raise InputError(_("{file} cannot be read: {error}", file=name, error=error.strerror or error)) from error


def _open(name: str, reading: Reading) -> Source:
    kind = reading.format or _guess_format(name)
    _refuse_useless(kind, reading)
    if reading.columns and reading.header_row is not None:
        raise InputError(
            _("--columns names the columns of a table that does not, and --header-row says where it does"),
            hint=_("leave one of them out"),
        )
    if reading.columns:
        reading = replace(reading, columns=tuple(column_names(reading.columns, "--columns")))
    path = Path(name)
    if kind == "sql":
        return _database(name, reading)
    if kind == "hf":
        place = name.removeprefix(hub.PREFIX)
        source = Source(name, _("Hugging Face data set"), details=_details(split=reading.split, subset=reading.subset))
        return _with(source, partial(hub.read_data_set, place, source, reading.split, reading.subset))
    if path.is_dir():
        raise InputError(_("{path} is a folder", path=name), hint=_("name a file in it"))
    if not path.is_file():
        if not path.exists():
            raise InputError(_("{file} is not there", file=name))
        raise InputError(
            _("{file} is a pipe or a device", file=name),
            hint=_("rows are read more than once: write them to a file first"),
        )
    if path.stat().st_size == 0:
        raise InputError(_("{file} is empty", file=name))
    return _file(path, kind, reading)


def _guess_format(name: str) -> str:
    path = Path(name)
    if name.startswith(hub.PREFIX) or path.is_dir():
        return "hf"
    if _URL.match(name):
        return "sql"
    suffix = path.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix == ".txt" and path.is_file():
        lines = (line.text for line in islice(read_lines(path, detect_encoding(path).name), 200))
        if conll.looks_like_conll([line for line in lines if line.strip()]):
            return "conll"
    if suffix == ".xls":
        raise InputError(
            _("{file} is in the old Excel format", file=name), hint=_("save it as .xlsx in Excel or LibreOffice")
        )
    if not path.exists():
        raise InputError(
            _("{file} is not there", file=name),
            hint=_("a data set on the Hugging Face Hub is written hf:ORG/NAME, a database by its URL"),
        )
    raise InputError(
        _("the format of {file} cannot be told from its name", file=name),
        hint=_("name it with --format: {names}", names=", ".join(FORMATS)),
    )


def _refuse_useless(kind: str, reading: Reading) -> None:
    for option in reading.given():
        if kind not in _FITS.get(option, FORMATS):
            raise InputError(
                _("{option} does not go with the format {format}", option=option, format=kind),
                hint=_("it is for {formats}", formats=", ".join(_FITS[option])),
            )


def _file(path: Path, kind: str, reading: Reading) -> Source:
    name = str(path)
    if kind == "xlsx":
        sheet, others = excel.choose_sheet(path, reading.sheet)
        source = Source(name, "Excel", details=_details(sheet=sheet))
        if others and reading.sheet is None:
            source.notice(_("only the sheet {name} is read; the others: {names}", name=sheet, names=", ".join(others)))
        return _with(source, partial(excel.read_excel, path, sheet, source, reading.header_row, reading.columns))
    if kind == "parquet":
        source = Source(name, "Parquet")
        return _with(source, partial(parquet.read_parquet, path, source))
    return _text(path, kind, reading)


def _text(path: Path, kind: str, reading: Reading) -> Source:
    if reading.encoding is not None:
        problem = encoding_problem(path, reading.encoding)
        if problem is not None:
            raise InputError(f"{path}: {problem.message}", hint=problem.hint)
    encoding = codecs.lookup(reading.encoding).name if reading.encoding is not None else detect_encoding(path).name
    if kind in ("csv", "tsv"):
        delimiter = _delimiter(path, kind, encoding, reading)
        details = _details(encoding=encoding, delimiter=_(csv_rows.DELIMITERS.get(delimiter, delimiter)))
        source = Source(str(path), "CSV" if kind == "csv" else "TSV", details=details, place="line")
        read = partial(csv_rows.read_csv, path, encoding, delimiter, source, reading.header_row, reading.columns)
        return _with(source, read)
    if kind == "conll":
        columns = conll.find_columns(path, encoding)
        details = _details(encoding=encoding, tokens=columns.token + 1, tags=columns.tag + 1)
        source = Source(str(path), "CoNLL", details=details, place="line")
        return _with(source, partial(conll.read_conll, path, encoding, columns, source))
    return _json(path, kind, encoding)


def _delimiter(path: Path, kind: str, encoding: str, reading: Reading) -> str:
    """The character itself; it may be given by its name too."""
    if reading.delimiter is None:
        return "\t" if kind == "tsv" else csv_rows.sniff_delimiter(path, encoding, reading.header_row)
    named = {name: character for character, name in csv_rows.DELIMITERS.items()}
    delimiter = named.get(reading.delimiter, "\t" if reading.delimiter == "\\t" else reading.delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(
            _("--delimiter {given!r} is not one character", given=reading.delimiter),
            hint=_("give the character, or one of {names}", names=", ".join(named)),
        )
    return delimiter


def _json(path: Path, kind: str, encoding: str) -> Source:
    document = json_rows.is_document(path, encoding)
    read = partial(json_rows.read_json_document if document else json_rows.read_json_lines, path, encoding)
    first = next((item.fields for item in islice(read(), 100) if isinstance(item, SourceRow)), {})
    details = _details(encoding=encoding)
    if kind == "label-studio" or exports.is_label_studio(first):

        def tasks() -> Iterator[Item]:
            return exports.flattened(read())

        return Source(str(path), "Label Studio", tasks, details, "line")
    title = "doccano" if kind == "doccano" or exports.is_doccano(first) else "JSON" if document else "JSON Lines"
    return Source(str(path), title, read, details, "line")


def _database(name: str, reading: Reading) -> Source:
    url = name if _URL.match(name) else f"sqlite:///{name}"
    if reading.table is not None and reading.query is not None:
        raise InputError(_("--table and --query exclude each other"), hint=_("give one of them"))
    shown = sql.shown_url(url)
    table = None if reading.query is not None else sql.choose_table(url, reading.table)
    source = Source(shown, _("database"), details=_details(table=table, query=reading.query))
    return _with(source, partial(sql.read_sql, url, source, table, reading.query))


def _with(source: Source, read: Callable[[], Iterator[Item]]) -> Source:
    """The source with its rows, whose reader needs the source to add notices to."""
    source.items = read
    return source


def _details(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}
