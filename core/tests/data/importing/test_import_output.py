"""What is written, what is not, and what the account says."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasktune.cli import data_import
from tasktune.data.importing.fields import Filled, Mapped
from tasktune.data.importing.items import Blank, Item, Rejected, Source, SourceRow
from tasktune.data.importing.offsets import CHARACTERS
from tasktune.data.importing.opening import FORMATS
from tasktune.data.importing.rows import Pairs, RowMaker
from tasktune.data.importing.run import import_rows
from tasktune.data.importing.wanted import Wanted
from tasktune.errors import InputError, Problem

Import = Callable[..., Any]
GOOD = "text,label\na,yes\nb,no\n"


def test_an_output_that_is_there_is_kept_unless_forced(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    (tmp_path / "out.jsonl").write_text('{"mine": 1}\n')
    done = import_("rows.csv")
    assert done.exit_code == 2
    assert "out.jsonl is there already" in done.error
    assert done.rows == [{"mine": 1}]
    assert len(import_("rows.csv", "--force").rows) == 2


def test_the_source_is_never_written_over(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    assert "rows.csv is the source itself" in import_("rows.csv", "--out", "rows.csv", "--force").error
    assert "rows.csv is the source itself" in import_("rows.csv", "--rejects", "rows.csv").error
    assert "name the same file" in import_("rows.csv", "--rejects", "out.jsonl").error
    assert (tmp_path / "rows.csv").read_text() == GOOD


def test_rejects_of_an_earlier_import_go_when_there_are_none_any_more(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text(GOOD + "c\n")
    assert len(import_("rows.csv").rejects) == 1
    (tmp_path / "rows.csv").write_text(GOOD)
    assert import_("rows.csv", "--force").rejects == []
    assert not (tmp_path / "out.rejects.jsonl").exists()


@pytest.mark.parametrize(("rows", "options"), [("c\nd\n", ()), ("c,yes\nd\n", ("--strict",))])
def test_nothing_is_written_when_it_may_not_be(
    tmp_path: Path, import_: Import, rows: str, options: tuple[str, ...]
) -> None:
    (tmp_path / "rows.csv").write_text("text,label\n" + rows)
    done = import_("rows.csv", *options)
    assert done.exit_code == 2
    assert "rows.csv" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv"]


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ("no.csv", (), "no.csv is not there"),
        ("org/name", (), "a data set on the Hugging Face Hub is written hf:ORG/NAME"),
        ("rows.dat", (), "name it with --format"),
        ("rows.csv", ("--sheet", "x"), "--sheet does not go with the format csv"),
        ("rows.csv", ("--split", "x"), "--split does not go with the format csv"),
        ("rows.csv", ("--delimiter", ";;"), "--delimiter ';;' is not one character"),
        ("rows.csv", ("--columns", "a,b", "--header-row", "2"), "leave one of them out"),
        ("rows.csv", ("--pairs", "a=b"), "--pairs a=b: not KEY:ANSWER=COLUMN"),
        ("rows.csv", ("--task-type", "absent"), "no task type named 'absent'"),
    ],
)
def test_misuse_is_named(
    tmp_path: Path, tune_here: Callable[..., Any], source: str, options: tuple[str, ...], says: str
) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    (tmp_path / "rows.dat").write_text(GOOD)
    done = tune_here("data", "import", source, "--task-type", "toy", *options)
    assert done.exit_code == 2
    assert says in done.stderr


def test_ctrl_c_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("old\n")
    pipe = tmp_path / "rows.csv"
    pipe.write_text("text,label\n" + "a,yes\n" * 400_000)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tasktune",
            "data",
            "import",
            "rows.csv",
            "--task-type",
            "toy",
            "--out",
            "out.jsonl",
            "--force",
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    temporary = tmp_path / ".out.jsonl.tmp"
    deadline = time.monotonic() + 60
    while not (temporary.exists() and temporary.stat().st_size):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert b"interrupted" in errors
    assert (tmp_path / "out.jsonl").read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "rows.csv"]


def test_importing_a_table_is_light(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    probe = (
        "import sys\nfrom tasktune.cli import main\n"
        "sys.argv = ['tune', 'data', 'import', 'rows.csv', '--task-type', 'toy']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"torch", "transformers", "trl", "peft", "datasets", "sklearn", "numpy", "pandas"}
    assert not loaded & {*heavy, "openpyxl", "pyarrow", "sqlalchemy"}


WANTED = Wanted(("text",), (), "label", "text", closed=True)
ITEMS = st.lists(
    st.one_of(
        st.builds(Blank, st.integers(1, 99)),
        st.builds(Rejected, st.integers(1, 99), st.just((Problem("bad"),))),
        st.builds(
            SourceRow,
            st.integers(1, 99),
            st.fixed_dictionaries(
                {"text": st.sampled_from(["", "a", "\ud800"])},
                optional={"pairs": st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["yes", ""]))},
            ),
        ),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ITEMS)
def test_every_row_is_accounted_for(tmp_path: Path, items: list[Item]) -> None:
    output, rejects = tmp_path / "out.jsonl", tmp_path / "rejects.jsonl"
    mapped = Mapped((Filled("text", "text", "given"), Filled("label", "label", "given")), (), ())
    maker = RowMaker(WANTED, mapped, CHARACTERS, None, unlabelled=False)
    source = Source("rows", "test", lambda: iter(items))
    output.unlink(missing_ok=True)
    try:
        report = import_rows(source, maker, output, rejects, pairs=Pairs("pairs", "key", "label"))
    except InputError:
        assert not output.exists()
        return
    counts = report.counts
    assert counts.read == len(items)
    assert counts.read + counts.added == counts.written + counts.rejected + counts.blank
    assert counts.written == len(output.read_text("utf-8").splitlines())
    kept = rejects.read_text("utf-8").splitlines() if rejects.exists() else []
    assert counts.rejected == len(kept) == len([json.loads(line) for line in kept])


def test_a_file_of_rejects_that_is_there_is_kept_unless_forced(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    (tmp_path / "out.rejects.jsonl").write_text('{"mine": 1}\n')
    done = import_("rows.csv")
    assert "out.rejects.jsonl is there already" in done.error
    assert done.rejects == [{"mine": 1}]


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text(GOOD)
    (tmp_path / "file").touch()
    done = import_("rows.csv", "--out", "file/out.jsonl")
    assert done.exit_code == 2
    assert "file" in done.error
    assert "bug" not in done.error


def test_a_full_disk_is_named_with_the_file_and_leaves_nothing(
    tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "rows.csv").write_text(GOOD)
    monkeypatch.setattr("os.fsync", full)
    done = import_("rows.csv")
    assert done.exit_code == 1
    assert done.error.startswith("out.jsonl: No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_what_is_no_file_of_rows_is_named(tmp_path: Path, import_: Import) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    done = import_("pipe.csv")
    assert "pipe.csv is a pipe or a device" in done.error
    assert "write them to a file first" in done.error
    (tmp_path / "folder").mkdir()
    assert "folder is a folder" in import_("folder", "--format", "csv").error
    name = "x" * 300 + ".csv"
    done = import_(name)
    assert (done.exit_code, "cannot be read: File name too long" in done.error) == (2, True)
    (tmp_path / "rows.csv").write_text(GOOD)
    done = import_("rows.csv", "--out", name)
    assert (done.exit_code, "File name too long" in done.error) == (2, True)


def test_the_formats_on_the_command_line_are_those_that_are_read() -> None:
    [option] = [each for each in data_import.command.params if each.name == "format"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == FORMATS


def test_data_alone_shows_its_help(tune_here: Callable[..., Any]) -> None:
    assert tune_here("data").exit_code == 0
    assert tune_here("data").stdout == tune_here("data", "--help").stdout
    assert "import Import rows" in " ".join(tune_here("data").stdout.split())
