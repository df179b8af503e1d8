"""A new project put in its place: whole or not at all, and no file of the user's replaced unasked."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import filecmp
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value


class Placed(Value):
    """What was put where: the files that are new or changed, and where the replaced ones are kept."""

    written: tuple[str, ...]
    backup: str | None


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target`` to build in, which is gone in the end with all that was made for it.

    What a killed process left of its own goes too; it is known by its lock, which ends with a process.
    """
    made = [folder for folder in target.resolve().parents if not folder.exists()]
    target.resolve().parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.resolve().name}.new-"
    for left in target.resolve().parent.glob(f"{glob.escape(prefix)}*"):
        with contextlib.suppress(OSError), _locked(left):
            shutil.rmtree(left)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=target.resolve().parent))
    try:
        # A folder of its own: the temporary one is for nobody else to read.
        folder = place / "new"
        folder.mkdir()
        with _locked(place):
            yield folder
    finally:
        shutil.rmtree(place, ignore_errors=True)
        for parent in made:
            # Not empty: the project is in it.
            with contextlib.suppress(OSError):
                parent.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else works in the folder.

    :raises OSError: somebody does.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def clashes(source: Path, target: Path) -> list[str]:
    """Files of ``target`` that ``source`` has with other contents."""
    return [
        name
        for name in _files(source)
        if (target / name).exists() and not filecmp.cmp(source / name, target / name, shallow=False)
    ]


def place(source: Path, target: Path, may_replace: Callable[[Sequence[str]], bool]) -> Placed:
    """Move what was built in ``source`` to ``target``.

    ``may_replace`` is asked with the names of files that are there with other contents; those it may replace are kept
    in ``target/backup/TIME`` first.

    :raises InputError: ``target`` is a file, a folder stands where a file belongs, or files may not be replaced;
        nothing is changed.
    """
    if target.is_file():
        raise InputError(_("{file} is a file", file=target), hint=_("name another folder"))
    names = _files(source)
    if not target.exists():
        source.rename(target)
        return Placed(written=tuple(names), backup=None)
    in_the_way = [name for name in names if (target / name).is_dir()]
    if in_the_way:
        raise InputError(_("nothing was written"), problems=[Problem(_("is a folder")).at(name) for name in in_the_way])
    replaced = clashes(source, target)
    if replaced and not may_replace(replaced):
        raise InputError(
            _("nothing was written, because there are files already"),
            hint=_("--force replaces them and keeps the old ones in backup/"),
            problems=[Problem(_("exists")).at(target / name) for name in replaced],
        )
    backup = _backup(target) if replaced else None
    for name in replaced:
        assert backup is not None
        (backup / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(target / name, backup / name)
    written = [name for name in names if name in replaced or not (target / name).exists()]
    for name in written:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).replace(target / name)
    return Placed(written=tuple(written), backup=None if backup is None else str(backup))


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _backup(target: Path) -> Path:
    """A folder, not yet made, for the files that are about to be replaced."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folders = (target / "backup" / f"{now}{suffix}" for suffix in ("", *(f".{n}" for n in range(2, 999))))
    return next(folder for folder in folders if not folder.exists())
