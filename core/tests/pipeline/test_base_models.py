"""Where a base model comes from: a folder, the Hub, or an installed distribution."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktune.base_models import contents, fingerprint, hub_commit, locate
from tasktune.errors import InputError


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    folder.mkdir()
    return folder


def make_model(folder: Path, weights: str = "w") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}", "utf-8")
    (folder / "model.safetensors").write_text(weights, "utf-8")
    return folder


@pytest.fixture
def builtin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Install a distribution that offers ``builtin:small``; returns its model's folder."""
    site = tmp_path / "site"
    model = make_model(site / "small_model" / "model")
    (site / "small_model" / "__init__.py").write_text(
        "from pathlib import Path\nMODEL = Path(__file__).parent / 'model'\n", "utf-8"
    )
    info = site / "small_model-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small-model\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text("[tasktune.base_models]\nsmall = small_model:MODEL\n", "utf-8")

    def install() -> Path:
        monkeypatch.delitem(sys.modules, "small_model", raising=False)
        monkeypatch.syspath_prepend(str(site))
        return model

    return install


class TestLocate:
    def test_a_folder_beside_the_task_by_its_relative_name(self, task_folder: Path) -> None:
        model = make_model(task_folder.parent / "base")
        assert locate("../base", task_folder) == str(model)
        assert locate(str(model), task_folder) == str(model)

    def test_a_folder_in_the_home(self, task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        model = make_model(task_folder / "home" / "base")
        monkeypatch.setenv("HOME", str(task_folder / "home"))
        assert locate("~/base", task_folder) == str(model)

    def test_where_one_stands_does_not_matter(self, task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_model(task_folder.parent / "Qwen" / "Qwen3-4B")
        monkeypatch.chdir(task_folder.parent)
        assert locate("Qwen/Qwen3-4B", task_folder) == "Qwen/Qwen3-4B"

    def test_a_hub_id_is_given_on(self, task_folder: Path) -> None:
        assert locate("Qwen/Qwen3-4B", task_folder) == "Qwen/Qwen3-4B"

    @pytest.mark.parametrize(
        "name", ["Qwen3-4B", "./base", "../base", "/nowhere/base", "~/nowhere", "~nobody/x", "a/b/c"]
    )
    def test_what_is_neither_is_refused(self, task_folder: Path, name: str) -> None:
        with pytest.raises(InputError) as caught:
            locate(name, task_folder)
        assert name in caught.value.message
        assert "Hub id" in str(caught.value.hint)

    def test_a_builtin_base(self, task_folder: Path, builtin: Callable[[], Path]) -> None:
        model = builtin()
        assert locate("builtin:small", task_folder) == str(model)

    def test_an_unknown_builtin_base_lists_those_there_are(
        self, task_folder: Path, builtin: Callable[[], Path]
    ) -> None:
        builtin()
        with pytest.raises(InputError) as caught:
            locate("builtin:large", task_folder)
        assert "builtin:large" in caught.value.message
        assert "builtin:small" in caught.value.message
        assert "pip install tasktune-large" in str(caught.value.hint)


class TestFingerprint:
    def test_a_folder_by_sizes_and_times(self, task_folder: Path) -> None:
        model = make_model(task_folder / "base")
        first = fingerprint("./base", None, task_folder)
        assert fingerprint("./base", None, task_folder) == first
        make_model(model, "other weights")
        second = fingerprint("./base", None, task_folder)
        os.utime(model / "model.safetensors", ns=(1, 1))
        assert len({first, second, fingerprint("./base", None, task_folder)}) == 3

    def test_a_builtin_base_by_its_contents(self, task_folder: Path, builtin: Callable[[], Path]) -> None:
        model = builtin()
        first = fingerprint("builtin:small", None, task_folder)
        os.utime(model / "model.safetensors", ns=(1, 1))
        assert fingerprint("builtin:small", None, task_folder) == first
        make_model(model, "x")
        assert fingerprint("builtin:small", None, task_folder) != first

    def test_a_hub_id_by_its_revision(self, task_folder: Path) -> None:
        assert fingerprint("a/b", None, task_folder) == "a/b@main"
        assert fingerprint("a/b", "v2", task_folder) == "a/b@v2"


def test_contents_are_what_a_model_is_loaded_from(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    found = contents(model)
    assert found.keys() == {"config.json", "model.safetensors"}
    for name in ("README.md", ".gitattributes"):
        (model / name).write_text("words", "utf-8")
    os.utime(model / "config.json", (0, 0))
    assert contents(model) == found
    make_model(model, weights="other")
    changed = contents(model)
    assert changed["config.json"] == found["config.json"]
    assert changed["model.safetensors"] != found["model.safetensors"]


class TestHubCommit:
    COMMIT = "0123456789" * 4

    @pytest.fixture(params=["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"])
    def refs(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Where the cache of huggingface_hub notes what branches and tags of org/name are."""
        for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(request.param, str(tmp_path))
        below = {"HF_HUB_CACHE": "", "HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub"}[request.param]
        folder = tmp_path / below / "models--org--name" / "refs"
        folder.mkdir(parents=True)
        return folder

    def test_a_branch_or_a_tag_is_what_was_downloaded(self, refs: Path) -> None:
        (refs / "main").write_text(self.COMMIT, "utf-8")
        (refs / "v1.0").write_text("f" * 40 + "\n", "utf-8")
        assert hub_commit("org/name", None) == self.COMMIT
        assert hub_commit("org/name", "v1.0") == "f" * 40

    def test_a_commit_is_itself(self, refs: Path) -> None:
        assert hub_commit("org/name", self.COMMIT) == self.COMMIT

    def test_what_was_never_downloaded_is_not_known(self, refs: Path) -> None:
        assert hub_commit("org/name", "v9") is None
        assert hub_commit("org/other", None) is None
