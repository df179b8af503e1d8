"""Hugging Face data sets on disk; the Hub itself is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Import = Callable[..., Any]
ROWS = {"text": ["好吃", "難吃"], "label": [1, 0]}


@pytest.fixture
def library() -> Any:
    return pytest.importorskip("datasets")


@pytest.fixture
def data(library: Any) -> Any:
    features = library.Features({"text": library.Value("string"), "label": library.ClassLabel(names=["no", "yes"])})
    return library.Dataset.from_dict(ROWS, features=features)


EXPECTED = [{"text": "好吃", "label": "yes"}, {"text": "難吃", "label": "no"}]


def test_a_saved_data_set_with_named_classes(tmp_path: Path, data: Any, import_: Import) -> None:
    data.save_to_disk(str(tmp_path / "saved"))
    assert import_("saved").rows == EXPECTED


def test_splits_must_be_chosen(tmp_path: Path, library: Any, data: Any, import_: Import) -> None:
    library.DatasetDict({"train": data, "test": data.select([0])}).save_to_disk(str(tmp_path / "saved"))
    done = import_("saved")
    assert done.exit_code == 2
    assert "choose one with --split: train, test" in done.error
    assert "has no split 'dev'" in import_("saved", "--split", "dev").error
    assert import_("saved", "--split", "test").rows == EXPECTED[:1]


def test_tokens_with_numbered_tags(tmp_path: Path, library: Any, import_: Import) -> None:
    names = library.ClassLabel(names=["O", "B-LOC", "I-LOC"])
    features = library.Features({"tokens": library.List(library.Value("string")), "ner_tags": library.List(names)})
    rows = {"tokens": [["在", "台", "北"], ["雨"]], "ner_tags": [[0, 1, 2], [0]]}
    library.Dataset.from_dict(rows, features=features).save_to_disk(str(tmp_path / "saved"))
    assert import_("saved", type="spots").rows == [
        {"text": "在台北", "entities": [{"text": "台北", "label": "LOC", "start": 1, "end": 3}]},
        {"text": "雨", "entities": []},
    ]


def test_a_folder_of_data_files(tmp_path: Path, library: Any, import_: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "train.jsonl").write_text('{"text": "好吃", "label": "yes"}\n', "utf-8")
    assert import_("folder").rows == EXPECTED[:1]


def test_a_data_set_that_is_not_there(
    tmp_path: Path, library: Any, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "empty").mkdir()
    for name in ("empty", "hf:nobody/nothing"):
        done = import_(name)
        assert done.exit_code == 2
        assert f"the data set {name.removeprefix('hf:')} cannot be opened: " in done.error


def test_a_stream_that_breaks_off_leaves_nothing(
    tmp_path: Path, library: Any, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream:
        features = None

        def __iter__(self) -> Iterator[dict[str, str]]:
            yield {"text": "a", "label": "yes"}
            raise ConnectionError("the line went dead\nand more")

    monkeypatch.setattr("tasktune.data.importing.hub._open", lambda *_arguments: Stream())
    done = import_("hf:some/rows")
    assert done.exit_code == 1
    assert "reading some/rows broke off after 1 rows: the line went dead" in done.error
    assert list(tmp_path.iterdir()) == []
