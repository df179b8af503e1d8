"""Write data/{train,valid,test}.jsonl of the official-rewrite example from the sentences in source/.

A row is one matter told in everyday speech (``text``) and the one sentence of an official letter that says the
same (``output``). Every matter, phrasing and name in source/ was written for this project. The same command
always writes the same bytes.

    python make_data.py            # rewrites data/
    python make_data.py --out DIR  # writes the three files into DIR
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).parent
SOURCE = HERE / "source"
SEED = 20261120
SIZES = {"train": 1200, "valid": 80, "test": 100}
OPENING_SHARE, CLOSING_SHARE = 0.2, 0.25
# As people say it, as a letter writes it, and the hours that it may be.
HOURS = (("早上", "上午", 8, 11), ("下午", "下午", 1, 5), ("晚上", "晚間", 6, 9))

T = TypeVar("T")


def pick(rng: random.Random, items: Sequence[T]) -> T:
    """One of ``items``. Built on ``rng.random()`` alone, the only draw that Python keeps equal between versions."""
    return items[int(rng.random() * len(items))]


def whole(rng: random.Random, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return low + int(rng.random() * (high - low + 1))


class Deck:
    """Deals items in random order, every one once before any comes again, so that no sentence dominates."""

    def __init__(self, rng: random.Random, items: Sequence[str]) -> None:
        self.rng, self.items, self.left = rng, list(items), list[str]()

    def deal(self) -> str:
        if not self.left:
            self.left = sorted(self.items, key=lambda _: self.rng.random())
        return self.left.pop()


def sections(path: Path) -> dict[str, list[str]]:
    """``{heading: lines}`` of a source file; ``#`` starts a comment line, ``[heading]`` a section."""
    out: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = out.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.append(line)
    return out


@dataclass(frozen=True)
class Matter:
    """One thing to say: its official wording, and its spoken wordings by split."""

    name: str
    official: str
    spoken: dict[str, list[str]]


def matters() -> list[Matter]:
    out = []
    for name, lines in sections(SOURCE / "matters.txt").items():
        pairs = [line.split(" ", 1) for line in lines]
        spoken = {split: [text for kind, text in pairs if kind == split] for split in SIZES}
        out.append(Matter(name, next(text for kind, text in pairs if kind == "公文"), spoken))
    return out


@dataclass(frozen=True)
class Value:
    """What fills a slot, as people say it and as a letter writes it."""

    said: str
    written: str


class Writer:
    """Makes the rows of one split from its own phrasings and its own names, places and events."""

    def __init__(self, split: str, rng: random.Random) -> None:
        self.split, self.rng = split, rng
        lists = {heading: " ".join(lines).split() for heading, lines in sections(SOURCE / "slots.txt").items()}
        self.decks = {heading: Deck(rng, items) for heading, items in lists.items()}

    def deal(self, heading: str) -> str:
        own = f"{self.split} {heading}"
        return self.decks[own if own in self.decks else heading].deal()

    def value(self, slot: str, two_dates: bool) -> Value:
        rng = self.rng
        if slot in ("日", "日2", "時"):
            # Where a sentence has two dates, the second is the later one.
            month = whole(rng, 7, 12) if slot == "日2" else whole(rng, 1, 6 if two_dates else 12)
            day = f"{month}月{whole(rng, 1, 28)}"
            if slot != "時":
                return Value(f"{day}號", f"{day}日")
            said, written, first, last = pick(rng, HOURS)
            hour = whole(rng, first, last)
            return Value(f"{day}號{said}{hour}點", f"{day}日{written}{hour}時")
        if slot == "金額":
            amount = str(whole(rng, 1, 99) * pick(rng, (100, 1000, 500)))
            return Value(f"{amount}塊", f"新臺幣{amount}元")
        if slot == "數":
            number = str(whole(rng, 2, 30))
            return Value(number, number)
        if slot == "人":
            name = self.deal("姓") + self.deal("名")
            return Value(name + pick(rng, ("先生", "小姐")), f"{name}君")
        said, _, written = self.deal(slot).partition("→")
        return Value(said, written or said)

    def row(self, matter: Matter) -> dict[str, str]:
        spoken = pick(self.rng, matter.spoken[self.split])
        slots = re.findall(r"\{(.+?)\}", matter.official)
        values = {slot: self.value(slot, two_dates="日2" in slots) for slot in slots}
        text, output = spoken, matter.official
        for slot, value in values.items():
            text = text.replace(f"{{{slot}}}", value.said)
            output = output.replace(f"{{{slot}}}", value.written)
        if self.rng.random() < OPENING_SHARE:
            text = self.deal("開場") + text
        if self.rng.random() < CLOSING_SHARE:
            text += self.deal("收尾")
        return {"text": text, "output": output}


def make(split: str) -> list[dict[str, str]]:
    """The rows of one split; each split has its own random stream, so changing one leaves the others alone."""
    rng = random.Random(f"{SEED}-{split}")
    writer, told = Writer(split, rng), matters()
    rows: dict[str, dict[str, str]] = {}
    while len(rows) < SIZES[split]:
        for matter in sorted(told, key=lambda _: rng.random()):
            row = writer.row(matter)
            rows.setdefault(row["text"], row)
    return list(rows.values())[: SIZES[split]]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "data", help="folder to write (default: data/)")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for split in SIZES:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in make(split)]
        (out / f"{split}.jsonl").write_bytes("".join(lines).encode("utf-8"))


if __name__ == "__main__":
    main()
