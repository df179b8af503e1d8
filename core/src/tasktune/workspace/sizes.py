"""How much space folders take, and how much their deletion frees."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; links count for nothing."""
    return sum(found.st_size for found in _files(path))


def freed_by(paths: Iterable[Path]) -> int:
    """Bytes that deleting all of ``paths`` frees: a file that has another name elsewhere stays on the disk."""
    names: Counter[tuple[int, int]] = Counter()
    sizes = {}
    links = {}
    for found in (found for path in paths for found in _files(path)):
        key = (found.st_dev, found.st_ino)
        names[key] += 1
        sizes[key], links[key] = found.st_size, found.st_nlink
    return sum(size for key, size in sizes.items() if names[key] >= links[key])


def _files(path: Path) -> Iterator[os.stat_result]:
    """The regular files at a place; a link is none, whatever it leads to."""
    if path.is_symlink() or not path.exists():
        return
    if path.is_dir():
        places = (Path(folder, name) for folder, _folders, names in os.walk(path) for name in names)
        yield from (found for place in places if stat.S_ISREG((found := place.lstat()).st_mode))
    else:
        yield path.lstat()
