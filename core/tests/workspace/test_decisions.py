"""Decisions: the file, what is adopted, and what a rollback goes back to."""

from __future__ import annotations

import datetime
import getpass
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.errors import InputError
from tasktune.workspace.decisions import (
    Adoption,
    Decision,
    Pruning,
    add_decision,
    adopted,
    adopted_name,
    before,
    deciding,
    me,
    read_decisions,
    stack,
    write_current,
)
from tasktune.workspace.versions import State, new_version

WHEN = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.timezone.utc)
NAMES = st.sampled_from(["v1", "v2", "v3", "v2.1"])


def adoption(version: str | None, was: str | None = None, *, back: bool = False) -> Adoption:
    return Adoption(action="rollback" if back else "adopt", version=version, before=was, when=WHEN, who="me@here")


def pruning(*names: str) -> Pruning:
    return Pruning(versions=names, whole=False, freed=1, when=WHEN, who="me@here", reason="滿了")


def decide(folder: Path, decision: Decision) -> None:
    with deciding(folder):
        add_decision(folder, decision)


def current(folder: Path) -> str | None:
    path = folder / "versions" / "current"
    return path.read_text("utf-8") if path.exists() else None


def test_decisions_come_back_as_they_were_in_their_order(tmp_path: Path) -> None:
    made = [adoption("v1"), pruning("v0"), adoption(None, "v1", back=True)]
    for decision in made:
        decide(tmp_path, decision)
    assert read_decisions(tmp_path) == made
    assert "滿了" in (tmp_path / "versions" / "decisions.jsonl").read_text("utf-8")


def test_the_last_adoption_holds_and_current_says_the_same(tmp_path: Path) -> None:
    assert (adopted_name(tmp_path), current(tmp_path)) == (None, None)
    decide(tmp_path, adoption("v1"))
    decide(tmp_path, adoption("v2", "v1"))
    decide(tmp_path, pruning("v0"))
    assert (adopted_name(tmp_path), current(tmp_path)) == ("v2", "v2\n")
    decide(tmp_path, adoption(None, "v2", back=True))
    assert (adopted_name(tmp_path), current(tmp_path)) == (None, None)


def test_a_copy_is_the_same(tmp_path: Path) -> None:
    decide(tmp_path / "task", adoption("v1"))
    new_version(tmp_path / "task", "v1").set_state(State(fingerprint="x"))
    shutil.copytree(tmp_path / "task", tmp_path / "copy")
    found = adopted(tmp_path / "copy")
    assert found is not None
    assert found.folder == tmp_path / "copy" / "versions" / "v1"


def test_without_decisions_current_says_which_one_as_text_or_as_a_link(tmp_path: Path) -> None:
    new_version(tmp_path, "v2").set_state(State(fingerprint="x"))
    (tmp_path / "versions" / "current").write_text("v2", "utf-8")
    assert adopted_name(tmp_path) == "v2"
    (tmp_path / "versions" / "current").unlink()
    (tmp_path / "versions" / "current").symlink_to("v2")
    assert adopted_name(tmp_path) == "v2"
    decide(tmp_path, adoption("v1", "v2"))
    assert current(tmp_path) == "v1\n"
    assert (tmp_path / "versions" / "v2").is_dir()


def test_current_is_brought_up_to_date_after_a_crash_between_the_two_files(tmp_path: Path) -> None:
    decide(tmp_path, adoption("v1"))
    (tmp_path / "versions" / "current").write_text("v0\n", "utf-8")
    assert adopted_name(tmp_path) == "v1"
    write_current(tmp_path)
    assert current(tmp_path) == "v1\n"


def test_an_adopted_version_that_is_gone_is_an_error(tmp_path: Path) -> None:
    decide(tmp_path, adoption("v1"))
    with pytest.raises(InputError, match="the adopted version v1 is not there"):
        adopted(tmp_path)
    version = new_version(tmp_path, "v1")
    version.set_state(State(fingerprint="x"))
    version.pruned.write_text("{}", "utf-8")
    with pytest.raises(InputError, match="the weights of version v1 were pruned"):
        adopted(tmp_path)


@pytest.mark.parametrize("line", ["{", "{}", '{"action": "fly", "who": "me", "when": "2026-11-20T08:00:00Z"}', "\\xff"])
def test_a_line_that_is_no_decision_is_named(tmp_path: Path, line: str) -> None:
    decide(tmp_path, adoption("v1"))
    path = tmp_path / "versions" / "decisions.jsonl"
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(InputError) as caught:
        adopted_name(tmp_path)
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == (str(path), 2)


KILLED = """
import os, sys
from pathlib import Path
from tasktune.workspace import decisions
from tasktune.workspace.decisions import Adoption, add_decision, deciding, me, write_current
import datetime
at = sys.argv[2]
def die(*arguments, **more):
    os._exit(9)
if at == "replace":
    Path.replace = die
else:
    decisions.write_current = die
with deciding(Path(sys.argv[1])):
    add_decision(Path(sys.argv[1]), Adoption(action="adopt", version="v2", before="v1", who="me",
        when=datetime.datetime.now(datetime.timezone.utc)))
"""


@pytest.mark.parametrize(("at", "holds"), [("replace", "v1"), ("current", "v2")])
def test_a_kill_leaves_the_old_decision_or_the_new_one(tmp_path: Path, at: str, holds: str) -> None:
    decide(tmp_path, adoption("v1"))
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), at], check=False)
    assert done.returncode == 9
    assert adopted_name(tmp_path) == holds
    decide(tmp_path, adoption("v3", holds))
    assert (adopted_name(tmp_path), current(tmp_path)) == ("v3", "v3\n")


DECIDE = """
import datetime, sys
from pathlib import Path
from tasktune.workspace.decisions import Adoption, add_decision, deciding
for number in range(20):
    with deciding(Path(sys.argv[1])):
        add_decision(Path(sys.argv[1]), Adoption(action="adopt", version=f"v{number}", who=sys.argv[2],
            when=datetime.datetime.now(datetime.timezone.utc)))
"""


def test_two_who_decide_at_once_lose_nothing(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", DECIDE, str(tmp_path), who]) for who in ("a", "b")]
    assert [each.wait() for each in both] == [0, 0]
    assert sorted(each.who for each in read_decisions(tmp_path)) == ["a"] * 20 + ["b"] * 20


@given(before_that=st.lists(NAMES), then=NAMES)
def test_a_rollback_undoes_an_adoption(before_that: list[str], then: str) -> None:
    made: list[Decision] = []
    for name in before_that:
        if stack(made)[-1:] != [name]:
            made.append(adoption(name))
    was = stack(made)
    if was[-1:] == [then]:
        return
    made.append(adoption(then))
    target = before(stack(made), ["v1", "v2", "v3", "v2.1"])
    assert target == (was[-1] if was else None)
    assert stack([*made, adoption(target, then, back=True)]) == was


@given(steps=st.lists(st.tuples(st.booleans(), NAMES)), usable=st.sets(NAMES))
def test_whatever_was_decided_the_stack_ends_with_what_is_adopted(
    steps: list[tuple[bool, str]], usable: set[str]
) -> None:
    made: list[Decision] = []
    holds: str | None = None
    for back, name in steps:
        if back and holds is not None:
            target = before(stack(made), usable)
            assert target != holds
            made.append(adoption(target, holds, back=True))
            holds = target
        elif not back and name != holds:
            made.append(adoption(name, holds))
            holds = name
        assert (stack(made) or [None])[-1] == holds


def test_a_version_adopted_by_a_file_alone_can_be_gone_back_to() -> None:
    assert stack([adoption("v2", "v1")]) == ["v1", "v2"]


def test_versions_that_are_gone_are_passed_over() -> None:
    assert before(["v1", "v2", "v3"], ["v1", "v3"]) == "v1"
    assert before(["v3", "v2", "v3"], ["v3"]) is None
    assert before([], ["v1"]) is None


def test_who_is_the_user_and_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "gpu-1")
    monkeypatch.setattr(getpass, "getuser", lambda: "amy")
    assert me() == "amy@gpu-1"

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert me() == f"{os.getuid()}@gpu-1"


def test_the_file_is_plain_json_lines(tmp_path: Path) -> None:
    decide(tmp_path, adoption("v1"))
    line = json.loads((tmp_path / "versions" / "decisions.jsonl").read_text("utf-8"))
    assert (line["action"], line["version"], line["when"]) == ("adopt", "v1", "2026-11-20T08:00:00Z")
