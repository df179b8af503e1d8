"""Write data/{train,valid,test}.jsonl of the news-ner example from the sentences and name parts in source/.

Everything in source/ was written for this project: people, organisations and most places are made up from
parts, the sentences come from no news site. Offsets are recorded while a sentence is put together, so they
are right by construction. The same command always writes the same bytes.

    python make_data.py            # rewrites data/
    python make_data.py --out DIR  # writes the three files into DIR
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).parent
SOURCE = HERE / "source"
SEED = 20261120
SIZES = {"train": 1600, "valid": 100, "test": 150}
# Kind of slot in a sentence frame → entity type in the data.
TYPES = {
    "PER": "PER",
    "ORG": "ORG",
    "FIRM": "ORG",
    "GROUP": "ORG",
    "TEAM": "ORG",
    "SCHOOL": "ORG",
    "LOC": "LOC",
    "SPOT": "LOC",
    "DATE": "DATE",
    "LATER": "DATE",
}
EMPTY_SHARE = 0.15
# Share of the rows with entities that are two sentences in one.
DOUBLE_SHARE = 0.15
# Share of the test sentences that reuse a frame of the training split, with names that it does not have.
SEEN_FRAMES = 0.25
# Only the first frames of the training split are reused, so that adding frames leaves the test split alone.
REUSABLE_FRAMES = 82
# Share of the place names that are well-known real places, the same in every split.
KNOWN_PLACES = 0.2
LENGTH = range(8, 76)

T = TypeVar("T")
Entity = dict[str, "str | int"]


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


def name_parts() -> dict[str, list[str]]:
    """The lists of names.txt, whose items are separated by the comma of enumerations."""
    return {heading: "、".join(lines).split("、") for heading, lines in sections(SOURCE / "names.txt").items()}


class Names:
    """Makes the names of one split, each kind of slot its own way."""

    def __init__(self, split: str, rng: random.Random) -> None:
        self.split, self.rng, self.parts = split, rng, name_parts()
        self.dates = sections(SOURCE / f"{split}.txt")
        self.decks = {heading: Deck(rng, items) for heading, items in self.parts.items()}
        self.makers: dict[str, Callable[[], str]] = {
            "PER": self.person,
            "ORG": self.organisation,
            "FIRM": lambda: self.firm("公司類別"),
            "GROUP": lambda: self.titled("團體類別"),
            "SCHOOL": lambda: self.titled("學校類別"),
            "TEAM": lambda: self.own("球隊"),
            "LOC": lambda: self.place("地區通名"),
            "SPOT": lambda: self.own("字根") + self.decks["地點通名"].deal(),
            "DATE": lambda: self.date("日期"),
            "LATER": lambda: self.date("以後"),
            "數": lambda: str(whole(rng, 2, 91)),
            "位": lambda: str(whole(rng, 2, 9)),
        }

    def make(self, slot: str) -> str:
        return self.makers[slot]() if slot in self.makers else self.decks[slot].deal()

    def own(self, heading: str) -> str:
        """The next item of a list that only this split may use."""
        return self.decks[f"{self.split} {heading}"].deal()

    def person(self) -> str:
        return self.own("外文名") if self.rng.random() < 0.12 else self.decks["姓"].deal() + self.own("名")

    def titled(self, heading: str) -> str:
        new = f"{heading} {self.split}"  # the test split knows kinds of organisation that training has not
        kinds = new if new in self.decks and self.rng.random() < 0.4 else heading
        return self.own("字號") + self.decks[kinds].deal()

    def firm(self, heading: str) -> str:
        return self.own("外文字號") if self.rng.random() < 0.25 else self.titled(heading)

    def organisation(self) -> str:
        draw = self.rng.random()
        if draw < 0.2:
            return self.own("字根") + pick(self.rng, ("縣", "市")) + self.decks["機關"].deal()
        if draw < 0.4:
            return self.firm("公司類別")
        return self.titled("學校類別" if draw < 0.55 else "團體類別")

    def place(self, heading: str) -> str:
        if self.rng.random() < KNOWN_PLACES:
            return self.decks["通用地名"].deal()
        return self.own("字根") + self.decks[heading].deal()

    def date(self, heading: str) -> str:
        rng = self.rng
        draw = rng.random()
        if draw < 0.4:
            return pick(rng, self.dates[heading])
        if draw < 0.85:
            return f"{whole(rng, 1, 12)}月{whole(rng, 1, 28)}日"
        year = whole(rng, 2015, 2023) if heading == "日期" else whole(rng, 2027, 2034)
        return f"{year}年{whole(rng, 1, 12)}月"


def renumbered(frame: str) -> str:
    """The frame with its own name numbers, so that it can follow another frame in one text."""
    return frame.replace("1}", "2}")


def fill(frame: str, names: Names) -> tuple[str, list[Entity]]:
    """The sentence of a frame and its entities; slots with the same number get the same name."""
    text, entities = "", list[Entity]()
    numbered: dict[str, str] = {}
    for part in re.split(r"(\{.+?\})", frame):
        if not part.startswith("{"):
            text += part
            continue
        key = part.strip("{}")
        slot = key.rstrip("12")
        value = numbered.setdefault(key, names.make(slot)) if key != slot else names.make(slot)
        if slot in TYPES:
            entities.append({"text": value, "label": TYPES[slot], "start": len(text), "end": len(text) + len(value)})
        text += value
    return text, entities


def clear(text: str, entities: Sequence[Entity]) -> bool:
    """Whether every occurrence of every name is one of its entities, and different entities differ in name."""
    marked: dict[str, list[int]] = {}
    for entity in entities:
        marked.setdefault(str(entity["text"]), []).append(int(entity["start"]))
    return all(
        [match.start() for match in re.finditer(re.escape(name), text)] == starts for name, starts in marked.items()
    )


def make(split: str) -> list[dict[str, object]]:
    """The rows of one split; each split has its own random stream, so changing one leaves the others alone."""
    rng = random.Random(f"{SEED}-{split}")
    names = Names(split, rng)
    own, train = sections(SOURCE / f"{split}.txt"), sections(SOURCE / "train.txt")
    frames, plain = Deck(rng, own["句子"]), Deck(rng, own["無實體"])
    reused = Deck(rng, train["句子"][:REUSABLE_FRAMES])
    rows: dict[str, list[Entity]] = {}
    while len(rows) < SIZES[split]:
        if len(rows) < round(EMPTY_SHARE * SIZES[split]):
            frame = plain.deal()
        else:
            frame = (reused if split == "test" and rng.random() < SEEN_FRAMES else frames).deal()
            if rng.random() < DOUBLE_SHARE:
                frame += pick(rng, ("。", "；")) + renumbered(frames.deal())
        text, entities = fill(frame, names)
        if rng.random() < 0.5:
            text += "。"
        if len(text) in LENGTH and clear(text, entities):
            rows.setdefault(text, entities)
    shuffled = sorted(rows.items(), key=lambda _: rng.random())
    return [{"text": text, "entities": entities} for text, entities in shuffled]


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
