"""Laws of data rows and classes: what annotators write becomes a record, or an error that helps them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tasktune.errors import RecordError, TuneError
from tasktune.plugins import TaskType
from tasktune.testing import hostile
from tasktune.testing.laws.base import LawBase, broken, shorten
from tasktune.types import Record, Remark, TaskOptions


class DataLaws(LawBase):
    """read_record is strict and speaks clearly; target_classes names classes."""

    def test_canonical_row_reads_as_itself(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """A data row with a canonical target, as ``tune`` itself writes it, is the record again."""
        for record in labelled:
            row = {**record.inputs, plugin.info.target_field: record.target}
            try:
                read = plugin.read_record(row, record.id, valid)
            except TuneError as error:
                pytest.fail(
                    broken(
                        "an example's own row is valid",
                        record,
                        error,
                        "correct the example, or what read_record accepts",
                    )
                )
            assert (read.id, read.target) == (record.id, record.target), broken(
                "a canonical target reads back as itself",
                record,
                f"id={read.id} target={shorten(read.target)}",
                "read_record: keep record_id, and return a canonical target unchanged",
            )
            assert plugin.build_prompt(read, valid) == plugin.build_prompt(record, valid), broken(
                "an example's own row gives the example's prompt", record, read, "read_record: keep the inputs"
            )

    def test_row_without_target_is_unlabelled(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        for record in labelled:
            read = plugin.read_record(dict(record.inputs), record.id, valid)
            assert read.target is None, broken(
                "a row without the target field is unlabelled",
                record,
                read.target,
                f"read_record: target None when {plugin.info.target_field!r} is missing",
            )

    def test_strange_row_is_read_or_refused(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Bad data is the user's to mend: a RecordError that names fields, never another exception."""
        law = "read_record returns a Record or raises RecordError with problems that name their fields"
        for row in hostile.rows(labelled[0].inputs, plugin.info.target_field):
            try:
                read = plugin.read_record(row, "strange.jsonl:1", valid)
            except RecordError as error:
                problems = error.problems
            except TuneError as error:
                pytest.fail(
                    broken(law, None, f"{error} for the row {row!r}", "read_record: check types before using them")
                )
            else:
                assert isinstance(read, Record), broken(law, None, read, "read_record: return a Record")
                continue
            assert problems, broken(law, None, f"no problems for the row {row!r}", "raise RecordError(Problem(...))")
            nameless = [problem for problem in problems if not problem.path]
            assert not nameless, broken(
                law, None, f"{nameless} for the row {row!r}", "give each Problem the path of its field"
            )

    def test_target_classes_are_strings(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            classes = plugin.target_classes(record, valid)
            listed = isinstance(classes, Sequence) and not isinstance(classes, str)
            strings = listed and all(isinstance(name, str) for name in classes)
            assert strings, broken(
                "target_classes returns a list of strings", record, classes, "target_classes: return [label], not label"
            )
            assert list(classes) == list(plugin.target_classes(record, valid)), broken(
                "target_classes returns the same each time",
                record,
                classes,
                "target_classes: sort what comes from a set",
            )

    def test_remarks_are_the_same_for_every_row(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        """Equal remarks are counted together, so a remark tells what is odd and not where."""
        for record in labelled:
            remarks = plugin.remarks(record, valid)
            listed = isinstance(remarks, Sequence) and all(isinstance(remark, Remark) for remark in remarks)
            assert listed, broken(
                "remarks returns a list of Remarks", record, remarks, "remarks: return [Remark(...)] or []"
            )
            elsewhere = plugin.remarks(record.model_copy(update={"id": "elsewhere.jsonl:99"}), valid)
            assert list(remarks) == list(elsewhere), broken(
                "a remark does not name the row",
                record,
                remarks,
                "remarks: leave the id out; it is counted by its text",
            )
