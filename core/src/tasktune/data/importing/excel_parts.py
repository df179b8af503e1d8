"""What a streaming reader of Excel workbooks does not show, from their XML: merged cells, formulas without results."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tasktune.errors import InputError
from tasktune.locale import translate as _

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION = re.compile(r"\{[^}]*\}id$")
_RANGE = rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"'
# A cell with a formula and no result; an empty text (t="str") is one.
_FORMULA = (
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*?\br="([A-Z]+\d+)"[^>]*>\s*'
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_RANGES, _BOTH = re.compile(_RANGE + b"()"), re.compile(_RANGE + b"|" + _FORMULA)
# Excel allows formulas of 8,192 characters, each of up to six bytes as an entity (&quot;).
_LONGEST = 60_000
_CELLS_KEPT = 6


@dataclass(frozen=True)
class Merged:
    """A range of merged cells, rows and columns from 1; only the first cell has the value."""

    left: int
    top: int
    right: int
    bottom: int

    def __str__(self) -> str:
        return f"{letters(self.left)}{self.top}:{letters(self.right)}{self.bottom}"


def letters(column: int) -> str:
    """The letters by which Excel calls a column, which counts from 1."""
    name = ""
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def look_through(path: Path, sheet: str) -> tuple[list[Merged], Counter[str]]:
    """What a streaming reader does not show, from the XML of a sheet: its merged ranges, which stand behind the rows,
    and the cells with formulas whose results nobody computed (the first few by name, the others as one)."""
    found: list[Merged] = []
    formulas: Counter[str] = Counter()
    with zipfile.ZipFile(path) as archive, archive.open(_part(archive, sheet)) as part:
        tail = b""
        while block := part.read(1 << 20):
            text = tail + block
            end = 0
            # Looking at every cell takes time, and most sheets of rows have no formula.
            pattern = _BOTH if b"<f" in text or b":f" in text else _RANGES
            for match in pattern.finditer(text):
                left, top, right, bottom, cell = match.groups()
                if cell:
                    formulas[cell.decode() if len(formulas) < _CELLS_KEPT else "…"] += 1
                else:
                    found.append(Merged(_number(left), int(top), _number(right), int(bottom)))
                end = match.end()
            tail = text[max(end, len(text) - _LONGEST) :]
    return sorted(found, key=lambda each: (each.top, each.left)), formulas


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The file in the archive that holds a sheet."""
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    for namespace in (_MAIN, _STRICT):
        for each in book.iter(f"{namespace}sheet"):
            if each.get("name") == sheet:
                [relation] = [value for key, value in each.attrib.items() if _RELATION.search(key)]
                target = targets[relation]
                return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise InputError(_("{file} has no sheet {name!r}", file=archive.filename, name=sheet))


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - ord("A") + 1
    return number
