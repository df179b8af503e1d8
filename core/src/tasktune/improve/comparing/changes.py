"""What was changed between two versions: keys of task.yaml, data files, training rows, decoding and environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from tasktune.definition.differences import differing_keys
from tasktune.inference.decoding import Decoding, read_decoding
from tasktune.types import Value
from tasktune.workspace.environment import Difference, differences
from tasktune.workspace.files import read_json
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import TaskSpec


class KeyChange(Value):
    """A key with its values in two versions; None where it is not set."""

    key: str
    before: Any = None
    after: Any = None


class FileChange(Value):
    """A data file that two versions were not both made of as it is."""

    path: str
    what: Literal["changed", "added", "removed"]


class RowsChange(Value):
    """Training rows: all of them, or those that show one class."""

    name: str | None
    before: int
    after: int


class Changes(Value):
    """Everything that changed. ``decoding`` is how answers were written, ``environment`` where they were computed."""

    definition: tuple[KeyChange, ...]
    files: tuple[FileChange, ...]
    rows: tuple[RowsChange, ...]
    decoding: tuple[KeyChange, ...]
    environment: tuple[Difference, ...]

    @property
    def nothing(self) -> bool:
        """Whether nothing that is recorded changed."""
        return not (self.definition or self.files or self.rows or self.decoding or self.environment)


def changes_between(before: Version, after: Version, was: TaskSpec, became: TaskSpec) -> Changes:
    """What changed from one version to another; ``was`` and ``became`` are their definitions.

    :raises InputError: a version's provenance cannot be read.
    """
    then, now = read_provenance(before), read_provenance(after)
    return Changes(
        definition=_keys(was.model_dump(by_alias=True), became.model_dump(by_alias=True)),
        files=tuple(_files(then.data, now.data)),
        rows=tuple(_rows(_training_rows(before), _training_rows(after))),
        decoding=_keys(_decoding(before), _decoding(after)),
        environment=differences(then.environments, now.environments),
    )


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[KeyChange, ...]:
    return tuple(KeyChange(key=key, before=was, after=now) for key, was, now in differing_keys(before, after))


def _files(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FileChange]:
    for path in sorted(before.keys() | after.keys()):
        if path not in before:
            yield FileChange(path=path, what="added")
        elif path not in after:
            yield FileChange(path=path, what="removed")
        elif before[path] != after[path]:
            yield FileChange(path=path, what="changed")


def _training_rows(version: Version) -> dict[str | None, int] | None:
    """Rows that were trained on, all (None) and by class, as the loss audit counted them.

    None without an audit, as in a version that took over another one's model.
    """
    path = version.prepared / "audit.json"
    if not path.exists():
        return None
    train = read_json(path)["train"]
    return {None: train["rows"], **{name: each["rows"] for name, each in train["classes"].items()}}


def _rows(before: Mapping[str | None, int] | None, after: Mapping[str | None, int] | None) -> Iterator[RowsChange]:
    if before is None or after is None:
        return
    for name in dict.fromkeys([*before, *after]):
        then, now = before.get(name, 0), after.get(name, 0)
        if then != now:
            yield RowsChange(name=name, before=then, after=now)


def _decoding(version: Version) -> dict[str, Any]:
    decoding: Decoding = read_decoding(version.decoding)
    return decoding.model_dump()
