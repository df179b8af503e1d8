"""Writes that leave either the old file or the whole new one, whatever happens in between."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[str]]:
    """A UTF-8 text file that takes the name ``path`` when the block ends, and vanishes if it raises.

    The temporary file lies in the same folder, so that the rename is atomic; it is flushed to disk first. Its name
    is always the same: what a killed process leaves of it is overwritten by the next. One process writes at a time;
    that is what the task's lock is for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        # A full disk does not say whose write failed.
        if error.filename is None:
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing(paths: Sequence[Path], backup: Path) -> Iterator[list[IO[str]]]:
    """UTF-8 text files that take the names ``paths`` together when the block ends, and vanish if it raises.

    Files that bear these names are kept in the new folder ``backup`` first, which is made only if there are any. A
    file into which nothing was written is not made; one of its name is taken away (it is in ``backup``).
    """
    temporary = [path.with_name(f".{path.name}.tmp") for path in paths]
    try:
        with ExitStack() as stack:
            for path in temporary:
                path.parent.mkdir(parents=True, exist_ok=True)
            yield [stack.enter_context(path.open("w", encoding="utf-8", newline="\n")) for path in temporary]
        for path in temporary:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        old = [path for path in paths if path.exists()]
        if old:
            backup.mkdir(parents=True)
        for path in old:
            shutil.copy2(path, _free(backup / path.name))
        # From here on only names change; what a kill in between leaves half done is whole in the backup.
        for path, new in zip(paths, temporary, strict=True):
            if new.stat().st_size:
                new.replace(path)
            else:
                path.unlink(missing_ok=True)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def _free(path: Path) -> Path:
    """The path, or one like it that is not taken: files of two folders can have one name."""
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in itertools.count(2))
    return next(candidate for candidate in itertools.chain([path], names) if not candidate.exists())


def append_with_backup(path: Path, text: str, backup: Path) -> None:
    """Add lines to the end of a file, in any encoding that has ``text`` as UTF-8 has it; all of them or none.

    The file as it was is kept in the new folder ``backup``. A last line that does not end is ended first.
    """
    backup.mkdir(parents=True)
    shutil.copy2(path, backup / path.name)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        shutil.copy2(path, temporary)
        with temporary.open("r+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    file.write(b"\n")
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Replace the contents of ``path`` by ``text``."""
    with open_atomically(path) as file:
        file.write(text)


def write_json_atomically(path: Path, data: Any) -> None:
    """Replace the contents of ``path`` by ``data`` as readable JSON."""
    write_text_atomically(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """The JSON value in a file that this package wrote."""
    return json.loads(path.read_text("utf-8"))


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
