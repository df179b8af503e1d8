"""``tune prune``: what is shown, asked and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tasktune.cli.sizes import size
from tasktune.workspace.decisions import Pruning, read_decisions
from tasktune.workspace.versions import Version, locked

Invoke = Callable[..., Result]
MakeVersion = Callable[..., Version]


@pytest.fixture
def three(task: Path, make_version: MakeVersion) -> list[Version]:
    """Three versions, of which v1 is old, v2 older than the newest, v3 the newest."""
    return [make_version(name) for name in ("v1", "v2", "v3")]


def weights(versions: list[Version]) -> list[str]:
    return [version.name for version in versions if version.adapter.is_dir()]


def test_a_dry_run_shows_and_deletes_nothing(task: Path, three: list[Version], invoke: Invoke) -> None:
    invoke("adopt", task, "v1")
    done = invoke("prune", task, "--keep", "1", "--dry-run", "--lang", "en")
    assert done.exit_code == 0
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines[2:]]
    assert cells == [
        ["v1", "stays", "adopted", "—"],
        ["v2", "the weights go", "older than the newest 1", "12.0 KB"],
        ["v3", "stays", "one of the newest 1", "—"],
        ["to be freed: 12.0 KB"],
    ]
    assert weights(three) == ["v1", "v2", "v3"]


def test_the_definition_says_how_many_to_keep(task: Path, three: list[Version], invoke: Invoke) -> None:
    unsaid = invoke("prune", task, "--yes", "--lang", "en")
    assert (unsaid.exit_code, "nobody has said how many versions to keep" in unsaid.stderr) == (2, True)
    file = task / "task.yaml"
    file.write_text(file.read_text("utf-8") + "versioning: {retention: 2}\n", "utf-8")
    done = invoke("prune", task, "--yes", "--reason", "滿了", "--by", "amy", "--lang", "en")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "freed: 12.0 KB")
    assert weights(three) == ["v2", "v3"]
    [decision] = read_decisions(task)
    assert isinstance(decision, Pruning)
    assert (decision.versions, decision.reason, decision.who) == (("v1",), "滿了", "amy")
    again = invoke("prune", task, "--yes", "--lang", "en")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "there is nothing to prune")
    assert invoke("prune", task, "--keep", "1", "--yes").exit_code == 0
    assert weights(three) == ["v3"]


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_nothing_is_deleted_when_nobody_can_be_asked(
    task: Path, three: list[Version], invoke: Invoke, json_too: tuple[str, ...]
) -> None:
    done = invoke("prune", task, "--keep", "1", "--lang", "en", *json_too)
    assert (done.exit_code, "nobody is here to agree" in done.stderr) == (2, True)
    assert weights(three) == ["v1", "v2", "v3"]


@pytest.mark.parametrize(("answer", "left"), [("y\n", ["v3"]), ("n\n", ["v1", "v2", "v3"]), ("\n", ["v1", "v2", "v3"])])
def test_it_asks(
    task: Path,
    three: list[Version],
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    left: list[str],
) -> None:
    class Terminal:
        """Streams that somebody sits at."""

        def isatty(self) -> bool:
            return True

    class System:
        stdin = stderr = Terminal()

    monkeypatch.setattr("tasktune.cli.prune.sys", System)
    done = invoke("prune", task, "--keep", "1", "--lang", "en", input=answer)
    assert done.exit_code == 0
    assert "Delete it?" in done.stderr
    assert ("nothing was deleted" in done.stderr) == (len(left) == 3)
    assert weights(three) == left


def test_all_deletes_folders(task: Path, three: list[Version], invoke: Invoke) -> None:
    done = invoke("prune", task, "--keep", "1", "--all", "--yes", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["deleted"], told["whole"]) == (0, True, True)
    assert [row["version"] for row in told["rows"] if row["why"] is None] == ["v1", "v2"]
    assert [version.folder.exists() for version in three] == [False, False, True]
    assert "the whole folder goes" not in invoke("prune", task, "--keep", "1", "--all", "--dry-run").stdout


def test_json_of_a_dry_run(task: Path, three: list[Version], invoke: Invoke) -> None:
    told = json.loads(invoke("prune", task, "--keep", "2", "--dry-run", "--json").stdout)
    assert (told["deleted"], told["keep"], told["freed"]) == (False, 2, 12 * 1024)
    assert told["rows"][0] == {"version": "v1", "why": None, "of": None, "size": 12 * 1024}


def test_every_reason_to_stay_is_said(
    task: Path, three: list[Version], make_version: MakeVersion, invoke: Invoke
) -> None:
    for name in ("v1", "v2"):
        invoke("adopt", task, name)
    three[2].deployments.write_text("{}\n", "utf-8")
    for name in ("v4", "v5", "v6"):
        make_version(name)
    make_version("v7", stages=("prepare",))
    later = three[0].folder.parent / "v6" / "task.yaml"
    later.write_text(later.read_text("utf-8").replace("start_from: null", "start_from: v4"), "utf-8")
    file = task / "task.yaml"
    file.write_text(file.read_text("utf-8") + "training: {start_from: v5}\n", "utf-8")
    done = invoke("prune", task, "--keep", "1", "--dry-run", "--lang", "en").stdout
    for said in (
        "adopted before; tune rollback goes back to it",
        "v3       stays  deployed",
        "v6 starts from it",
        "task.yaml starts from it",
        "one of the newest 1",
        "not finished; tune run may go on with it",
        "there is nothing to prune",
    ):
        assert said in done
    with locked(task):
        at_work = invoke("prune", task, "--keep", "1", "--dry-run", "--lang", "en").stdout
    assert "v7       stays  a run may be at work on it" in at_work


def test_a_run_at_work_refuses_it(task: Path, three: list[Version], invoke: Invoke) -> None:
    with locked(task):
        done = invoke("prune", task, "--keep", "1", "--yes", "--lang", "en")
    assert (done.exit_code, "another run is at work" in done.stderr) == (2, True)
    assert weights(three) == ["v1", "v2", "v3"]
    assert read_decisions(task) == []


def test_a_task_without_versions_and_a_number_that_is_none(task: Path, invoke: Invoke) -> None:
    done = invoke("prune", task, "--keep", "1", "--yes", "--lang", "en")
    assert (done.exit_code, done.stdout) == (0, "there is nothing to prune\n")
    assert invoke("prune", task, "--keep", "0").exit_code == 2


def test_what_cannot_be_deleted_is_an_error_and_the_next_prune_finishes(
    task: Path, three: list[Version], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("tasktune.workspace.pruning.shutil.rmtree", refuse)
        done = invoke("prune", task, "--keep", "1", "--yes", "--lang", "en")
    assert (done.exit_code, "Permission denied" in done.stderr) == (2, True)
    assert weights(three) == ["v3"]
    assert list(task.glob("versions/.pruned/*"))
    again = invoke("prune", task, "--keep", "1", "--yes", "--lang", "en")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "freed: 24.0 KB")
    assert not (task / "versions" / ".pruned").exists()


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0.0 KB"), (512, "0.5 KB"), (2**20 - 1, "1.0 MB"), (5 * 2**30, "5.0 GB"), (3000 * 2**40, "3,000.0 TB")],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown
