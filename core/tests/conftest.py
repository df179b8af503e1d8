"""Fixtures for all of core's tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasktune.locale import current_language, use_language

TOY_PLUGIN = Path(__file__).with_name("toy_plugin.py")

InstallPlugin = Callable[..., Path]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Messages are in English unless a test says otherwise, and no test changes the language of another."""
    before = current_language()
    use_language("en")
    yield
    use_language(before)


@pytest.fixture
def install_plugin(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InstallPlugin]:
    """Install a plugin for one test: ``install_plugin("toy", source, version="1.2.3")``.

    Writes the module and its dist-info (distribution ``tasktune-<name>``, module ``tasktune_<name>``) into a folder on
    ``sys.path`` and on ``PYTHONPATH``, so that child processes find it too, and returns the folder.
    """
    modules: list[str] = []

    def install(name: str, source: str, *, version: str = "0.1.0", group: str = "tasktune.task_types") -> Path:
        folder = tmp_path_factory.mktemp(f"site_{name}")
        module = f"tasktune_{name}"
        modules.append(module)
        sys.modules.pop(module, None)
        (folder / f"{module}.py").write_text(source, "utf-8")
        info = folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tasktune-{name}\nVersion: {version}\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n", "utf-8")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        return folder

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def toy_task_type(install_plugin: InstallPlugin) -> str:
    """Install the task type ``toy`` (see ``toy_plugin.py``) for one test, and return its name.

    A definition for it needs no more than::

        task_name: example
        task_type: toy
        options: {classes: ["yes", "no"]}

    Rows are ``{"text": "…", "label": "yes"}``. Child processes find it too, by ``PYTHONPATH``.
    """
    install_plugin("toy", TOY_PLUGIN.read_text("utf-8"))
    return "toy"
