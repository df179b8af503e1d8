"""The conformance suite against one good plugin, and against the same plugin with one law broken at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tasktune.testing import TaskTypeSuite

pytestmark = pytest.mark.slow  # most of a minute: the whole suite, once for every fault

HERE = Path(__file__).parent
GOOD = (HERE / "marks.py").read_text("utf-8")
FAULTS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "faults.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """One run of pytest over the good plugin and every broken one: failed tests and their messages by plugin."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
    tests = [
        "import importlib, pytest",
        "from tasktune.plugins import TaskType",
        "from tasktune.testing import TaskTypeSuite",
        "class Module(TaskTypeSuite):",
        "    @pytest.fixture(scope='class')",
        "    @classmethod",
        "    def plugin(cls):",
        "        return TaskType(cls.name, 'toy 1.0', importlib.import_module(cls.name))",
    ]
    for name in ("good", *FAULTS):
        source = GOOD
        if name in FAULTS:
            fault = FAULTS[name]
            assert GOOD.count(fault["old"]) == 1, f"{name}: {fault['old']!r} must stand once in marks.py"
            source = GOOD.replace(fault["old"], fault["new"])
        (folder / f"plug_{name}.py").write_text(source, "utf-8")
        body = FAULTS.get(name, {}).get("body", "pass")
        tests += [f"class Test_{name}(Module):", f"    name = 'plug_{name}'", f"    {body}"]
    (folder / "test_all.py").write_text("\n".join(tests) + "\n", "utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=junit.xml", "test_all.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for case in ElementTree.parse(folder / "junit.xml").iter("testcase"):
        plugin = case.attrib["classname"].rpartition("Test_")[2]
        found[plugin]
        for failure in (*case.findall("failure"), *case.findall("error")):
            found[plugin][case.attrib["name"]] = failure.attrib["message"] + (failure.text or "")
    return dict(found)


def test_good_plugin_passes(failures: dict[str, dict[str, str]]) -> None:
    assert failures["good"] == {}


@pytest.mark.parametrize("name", FAULTS)
def test_broken_plugin_fails_the_law_it_breaks(failures: dict[str, dict[str, str]], name: str) -> None:
    fault = FAULTS[name]
    law = fault["fails"].partition("[")[0]
    assert {test.partition("[")[0] for test in failures[name]} == {law, *fault.get("also", ())}
    messages = [message for test, message in failures[name].items() if test.startswith(fault["fails"])]
    assert messages
    assert all(fault["says"] in message for message in messages)


def test_every_law_has_a_plugin_that_breaks_it() -> None:
    laws = {name for name in dir(TaskTypeSuite) if name.startswith("test_")}
    assert laws - {fault["fails"].partition("[")[0] for fault in FAULTS.values()} == set()
