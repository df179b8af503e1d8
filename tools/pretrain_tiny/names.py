"""Composed names: each call may give a name that no list holds, so that a model must read it rather than know it."""

from __future__ import annotations

import random

from . import charset
from . import words_names as w

_ANY = charset.big5_level1()


def person(rng: random.Random) -> str:
    """A personal name: Chinese (mostly), transliterated or Latin."""
    kind = rng.random()
    if kind < 0.76:
        surname = rng.choice(w.SURNAMES) if rng.random() < 0.96 else rng.choice(w.DOUBLE_SURNAMES)
        pool = w.GIVEN if rng.random() < 0.75 else _ANY
        return surname + "".join(rng.choices(pool, k=1 if rng.random() < 0.12 else 2))
    if kind < 0.93:
        if rng.random() < 0.4:
            return rng.choice(w.FOREIGN)
        name = "".join(rng.choices(w.SYLLABLES, k=rng.randint(2, 4)))
        return name if rng.random() < 0.7 else f"{rng.choice(w.FOREIGN)}·{name}"
    return f"{rng.choice(w.LATIN_FIRST)} {rng.choice(w.LATIN_LAST)}"


def brand(rng: random.Random) -> str:
    """The distinctive part of a company's name: two or three characters."""
    pool = w.COMPANY if rng.random() < 0.65 else _ANY
    return "".join(rng.choices(pool, k=rng.choice([2, 2, 2, 2, 3])))


def company(rng: random.Random) -> str:
    """A company: bare brand, brand with industry and suffix, or Latin."""
    kind = rng.random()
    if kind < 0.3:
        return brand(rng)
    if kind < 0.72:
        return brand(rng) + rng.choice(w.INDUSTRY)
    if kind < 0.84:
        return brand(rng) + (rng.choice(w.INDUSTRY) if rng.random() < 0.6 else "") + rng.choice(w.SUFFIX)
    if kind < 0.92:
        return rng.choice(w.LATIN_COMPANY) + (
            rng.choice(["", " "]) + rng.choice(w.LATIN_SUFFIX) if rng.random() < 0.7 else ""
        )
    return place(rng, short=True) + rng.choice(w.INDUSTRY)


def organisation(rng: random.Random) -> str:
    """Any organisation: company, agency, school, hospital, party, club."""
    kind = rng.random()
    if kind < 0.46:
        return company(rng)
    if kind < 0.62:
        return rng.choice(w.AGENCY)
    if kind < 0.78:
        return place(rng, short=True) + rng.choice(w.LOCAL_AGENCY)
    head = rng.choice([place(rng, short=True), brand(rng), brand(rng)])
    return head + rng.choice(["", "", "國際", "市立", "國立", "聯合"]) + rng.choice(w.INSTITUTE)


def place(rng: random.Random, short: bool = False) -> str:
    """A place: city, country, or composed with a suffix such as 路 or 車站. `short`: without suffixes."""
    kind = rng.random()
    if short:
        return rng.choice(w.CITY) if kind < 0.6 else "".join(rng.choices(w.PLACE_CHARS, k=2))
    if kind < 0.3:
        return rng.choice(w.CITY)
    if kind < 0.45:
        return rng.choice(w.COUNTRY)
    if kind < 0.52:
        return rng.choice(w.CITY)[:2] + rng.choice("市縣")
    pool = w.PLACE_CHARS if rng.random() < 0.75 else _ANY
    name = "".join(rng.choices(pool, k=2)) + rng.choice(w.PLACE_SUFFIX)
    if rng.random() < 0.15:
        return rng.choice(w.CITY)[:2] + rng.choice("市縣") + name
    return name


def product(rng: random.Random) -> str:
    """A product."""
    head = rng.choice(w.PRODUCT_HEAD) if rng.random() < 0.5 else brand(rng)
    tail = rng.choice(w.PRODUCT_TAIL) if rng.random() < 0.6 else ""
    number = (
        rng.choice(["", "", f" {rng.randint(2, 30)}", " Pro", "X1", f"{rng.randint(2, 9)} 代"])
        if tail == "" or rng.random() < 0.3
        else ""
    )
    return head + tail + number


def date(rng: random.Random) -> str:
    """A day or a period."""
    month, day, year = rng.randint(1, 12), rng.randint(1, 28), rng.randint(1990, 2030)
    return rng.choice(
        [
            f"{month}月{day}日",
            f"{year}年{month}月{day}日",
            f"{year}年",
            f"{month}月",
            f"{month}/{day}",
            f"{year}-{month:02d}-{day:02d}",
            "昨天",
            "今天",
            "明天",
            "上週五",
            "下週一",
            "去年底",
            "今年初",
            "本週三",
            "上個月",
            f"民國{year - 1911}年",
            "週日上午",
            f"{day}日",
            "清晨",
            "傍晚",
        ]
    )


def clock(rng: random.Random) -> str:
    """A time of day."""
    hour, minute = rng.randint(1, 12), rng.choice(["", "半", f"{rng.randint(1, 59)}分"])
    zh = ["一", "兩", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"][hour - 1]
    return rng.choice(
        [
            f"{hour}點{minute}",
            f"{zh}點{minute}",
            f"下午{hour}點",
            f"上午{zh}點",
            f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}",
            f"晚上{hour}點{minute}",
        ]
    )


def money(rng: random.Random) -> str:
    """An amount of money."""
    number = rng.choice([str(rng.randint(1, 999)), f"{rng.randint(1, 99)}.{rng.randint(1, 9)}", "三", "五", "二十"])
    return number + rng.choice(["元", "萬元", "億元", "美元", "億美元", "萬", "塊", "日圓", "歐元", "兆元"])


def thing(rng: random.Random) -> str:
    """Any name at all, for opinions about it."""
    return rng.choice([company, company, company, brand, product, person, organisation, place])(rng)
