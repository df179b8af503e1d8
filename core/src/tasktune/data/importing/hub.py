"""Hugging Face data sets: a folder that ``save_to_disk`` wrote, a folder of data files, or one on the Hub by its id."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasktune.data.importing.classes import namers
from tasktune.data.importing.install import installed
from tasktune.data.importing.items import Item, Source
from tasktune.data.importing.parquet import table_row
from tasktune.errors import InputError, RunError, TuneError
from tasktune.locale import translate as _

PREFIX = "hf:"
_SAVED = ("state.json", "dataset_dict.json")


def read_data_set(place: str, source: Source, split: str | None, subset: str | None) -> Iterator[Item]:
    """The rows of a folder, or of the data set ``ORG/NAME`` or ``ORG/NAME@REVISION`` on the Hub, which are streamed.

    :raises InputError: there is no such data set, or it is not clear which split is meant.
    """
    library = installed("datasets", _("Hugging Face data sets"))
    with _quiet(library):
        data = _open(library, place, split, subset)
        if isinstance(data, dict):
            data = _choose(data, place, split)
        features = data.features.to_dict() if data.features is not None else {}
        named = namers(json.loads(json.dumps(features, default=str)))
        for number, row in enumerate(_rows(data, place), 1):
            yield table_row(number, row, named, source)


def _open(library: Any, place: str, split: str | None, subset: str | None) -> Any:
    folder = Path(place)
    try:
        if any((folder / name).is_file() for name in _SAVED):
            if subset is not None:
                raise InputError(_("--subset is for data sets on the Hub"), hint=_("leave it out"))
            return library.load_from_disk(str(folder))
        if folder.is_dir():
            return library.load_dataset(str(folder), name=subset, split=split, streaming=True)
        name, _at, revision = place.partition("@")
        return library.load_dataset(name, name=subset, split=split, revision=revision or None, streaming=True)
    except TuneError:
        raise
    except Exception as error:  # the library, the network and the Hub fail with anything at all
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(
            _("the data set {name} cannot be opened: {reason}", name=place, reason=reason),
            hint=_("check the name, --subset and --split, and that the Hub can be reached (HF_HUB_OFFLINE, HF_TOKEN)"),
        ) from error


def _rows(data: Any, place: str) -> Iterator[Any]:
    rows, number = iter(data), 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # as when it is opened
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise RunError(
                _(
                    "reading {name} broke off after {count} rows: {reason}",
                    name=place,
                    count=f"{number:,}",
                    reason=reason,
                )
            ) from error
        number += 1
        yield row


def _choose(data: Any, place: str, split: str | None) -> Any:
    if split is None and len(data) == 1:
        return next(iter(data.values()))
    if split not in data:
        raise InputError(
            _("{name} has {count} splits", name=place, count=len(data))
            if split is None
            else _("{name} has no split {split!r}", name=place, split=split),
            hint=_("choose one with --split: {names}", names=", ".join(map(str, data))),
        )
    return data[split]


@contextlib.contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Without the library's own progress bars, which would run through ours."""
    shown = library.utils.are_progress_bars_disabled()
    library.disable_progress_bars()
    try:
        yield
    finally:
        if not shown:
            library.enable_progress_bars()
