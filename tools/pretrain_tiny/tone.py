"""The tone of company news: combinations whose sign no single word settles, alone and bound to one of several names.

陷入低潮 is bad and 甩開低潮 good, 庫存下滑 good and 訂單下滑 bad: a model that has learnt words only gets these wrong.
"""

from __future__ import annotations

import random

from . import copying, drills, forms, names, sentiment
from . import words_tone as w
from .example import Example
from .predicates import NEGATIVE, NEUTRAL, POSITIVE
from .splitting import phrases

#: Escapes, turns and losses plain enough to be denied or hoped for (已無, 守不住 are denials themselves).
_PLAIN_ESCAPE, _PLAIN_BAD, _PLAIN_LOSE = w.ESCAPE[:18], w.ENTER_BAD[:22], w.LOSE[1:10]
_PLAIN_GOOD = [v for v in w.ENTER_GOOD if "了" not in v and not v.startswith(("不", "挾", "坐", "續"))]
_HEADS = tuple(w.SUBJECTS_GOOD + w.SUBJECTS_BAD)
_DEGREES = phrases(
    "大幅|明顯|持續|連續三季|意外|顯著|快速|逐步|一路|首度|再度|小幅|略為|全面|悄悄|同步|果然|仍然|竟然|又"
)
_GLUES = phrases("，|：|方面，|也|則|呢，|這家公司|這檔股票|目前|集團|同樣|自家|卻|旗下|近期|這邊，|（上櫃）|那頭")


def _movement(rng: random.Random, polarity: int) -> str:
    """A figure and where it goes: upwards is good for sales and bad for debts."""
    good = rng.random() < 0.62
    subject = rng.choice(w.SUBJECTS_GOOD if good else w.SUBJECTS_BAD)
    period = rng.choice(w.PERIODS) if rng.random() < 0.25 else ""
    subject = f"{period}{subject}" if rng.random() < 0.5 else f"{subject}{period}"
    if polarity == NEUTRAL:
        return subject + rng.choice(w.FLAT)
    up = good == (polarity == POSITIVE)
    kind = rng.random()
    if kind < 0.14:
        return subject + rng.choice(w.END_DOWN if up else w.END_UP)
    if good and kind < 0.19:
        return subject + rng.choice(w.NO_WORSE if up else w.NO_BETTER)
    if good and kind < 0.45:
        return subject + rng.choice(w.UP_GOOD if up else w.DOWN_GOOD)
    degree = rng.choice(_DEGREES) if rng.random() < 0.2 else ""
    movement = rng.choice(w.UP if up else w.DOWN)
    if rng.random() < 0.12 and len(movement) == 2:
        degree = rng.choice(w.HEDGES[:8] + (w.HOPES[:3] if polarity == POSITIVE else w.FEARS[:6]))
    return subject + degree + movement


def _state(rng: random.Random, polarity: int) -> str:
    """A state and what becomes of it: entered, ended, not ended, not entered."""
    kind = rng.random()
    if polarity == POSITIVE:
        hedge = rng.choice(w.HOPES + w.HEDGES) if rng.random() < 0.3 else ""
        if kind < 0.4:
            return (hedge + rng.choice(_PLAIN_ESCAPE) if hedge else rng.choice(w.ESCAPE)) + rng.choice(w.BAD_STATES)
        if kind < 0.72:
            return (hedge + rng.choice(_PLAIN_GOOD) if hedge else rng.choice(w.ENTER_GOOD)) + rng.choice(w.GOOD_STATES)
        if kind < 0.88:
            return rng.choice(w.DENIES) + rng.choice(_PLAIN_BAD) + rng.choice(w.BAD_STATES)
        return rng.choice(w.DENIES) + rng.choice(_PLAIN_LOSE) + rng.choice(w.GOOD_STATES)
    hedge = rng.choice(w.FEARS + w.HEDGES) if rng.random() < 0.35 else ""
    if kind < 0.36:
        return (hedge + rng.choice(_PLAIN_BAD) if hedge else rng.choice(w.ENTER_BAD)) + rng.choice(w.BAD_STATES)
    if kind < 0.68:
        return (hedge + rng.choice(_PLAIN_LOSE) if hedge else rng.choice(w.LOSE)) + rng.choice(w.GOOD_STATES)
    if kind < 0.88:
        return rng.choice(w.FAILS) + rng.choice(_PLAIN_ESCAPE) + rng.choice(w.BAD_STATES)
    return rng.choice(w.FAILS) + rng.choice(_PLAIN_GOOD) + rng.choice(w.GOOD_STATES)


def predicate(rng: random.Random, polarity: int) -> str:
    """What is said of a company, without its name."""
    kind = rng.random()
    if polarity == NEUTRAL:
        if kind < 0.32:
            return _movement(rng, polarity)
        if kind < 0.4:  # an open question is neither, whatever it asks
            asked = rng.choice((w.GOOD, w.BAD)[rng.randrange(2)]) if kind < 0.36 else _state(rng, rng.randrange(2))
            if not asked.startswith(w.OPEN_NOT):
                return f"是否{asked}，{rng.choice(w.OPEN)}"
        return rng.choice(w.NEUTRAL)
    if kind < 0.36:
        return _movement(rng, polarity)
    if kind < 0.66:
        return _state(rng, polarity)
    return rng.choice((w.GOOD, w.BAD)[polarity])


def clause(rng: random.Random, entity: str, polarity: int, leads: float = 0.15) -> str:
    """One clause about `entity`, from a bare subject and predicate to a statement by its speakers."""
    said = predicate(rng, polarity)
    lead = rng.choice(w.LEADS) if rng.random() < leads else ""
    kind = rng.random()
    period = "" if any(p in said for p in w.PERIODS) else rng.choice(w.PERIODS)
    if kind < 0.22:
        speaker = rng.choice(w.SPEAKERS).replace("{e}", entity)
        return f"{lead}{speaker}{period if rng.random() < 0.3 else ''}{said}"
    if kind < 0.42:
        return f"{lead}{period}{entity}{said}" if rng.random() < 0.4 else f"{lead}{entity}{period}{said}"
    if kind < 0.5 and polarity != NEUTRAL:
        return f"{lead}{entity}{said}，{predicate(rng, polarity)}"
    if kind < 0.55 and polarity != NEUTRAL:
        joint = rng.choice(
            [("雖然", "，但"), ("儘管", "，"), ("先前", "，如今"), ("去年", "，今年則"), ("一度", "，最後")]
        )
        return f"{lead}{entity}{joint[0]}{predicate(rng, 1 - polarity)}{joint[1]}{said}"
    glue = rng.choice(_GLUES) if kind < 0.72 else copying.han(rng, 1, 2) if kind < 0.75 else ""
    if said.startswith(_HEADS):  # a figure takes no adverb before it
        glue = rng.choice(["的", "", "，"])
    return f"{lead}{entity}{glue}{said}"


def _system(rng: random.Random, labels: tuple[str, ...]) -> str:
    head = rng.choice(["判斷情感：", "情感：", "", "標籤：", "對公司是好是壞：", "財經語氣："])
    return head + rng.choice(["、", "、", ", ", "/"]).join(rng.sample(labels, 3))


def tone_drill(rng: random.Random) -> Example:
    """One phrase, one label, eight to sixteen times: many words per token."""
    labels = drills.polarity_names(rng)
    turns = []
    for _ in range(rng.randint(8, 16)):
        polarity = rng.randrange(3)
        text = predicate(rng, polarity) if rng.random() < 0.65 else clause(rng, names.company(rng), polarity)
        turns.append((text, labels[polarity]))
    return Example(_system(rng, labels), tuple(turns), "tone_drill")


def state_drill(rng: random.Random) -> Example:
    """The same noun or figure turn after turn under changing verbs, so that only the pair can give the answer."""
    labels = drills.polarity_names(rng)
    good = rng.random() < 0.5
    turns = []
    if rng.random() < 0.5:  # a state
        noun = rng.choice(w.GOOD_STATES if good else w.BAD_STATES)
        enter, end = (_PLAIN_GOOD, w.LOSE) if good else (w.ENTER_BAD, w.ESCAPE)
        plain_enter, plain_end = (_PLAIN_GOOD, _PLAIN_LOSE) if good else (_PLAIN_BAD, _PLAIN_ESCAPE)
        for _ in range(rng.randint(6, 12)):
            entered = rng.random() < 0.5
            text = rng.choice(enter if entered else end)
            if rng.random() < 0.35:  # denied or failed: the other way round
                text = rng.choice(w.FAILS if entered == good else w.DENIES)
                text += rng.choice(plain_enter if entered else plain_end)
                entered = not entered
            turns.append((text + noun, labels[POSITIVE if entered == good else NEGATIVE]))
    else:
        subjects = rng.sample(w.SUBJECTS_GOOD, 2) + rng.sample(w.SUBJECTS_BAD, 2)
        for _ in range(rng.randint(8, 14)):
            index, way = rng.randrange(4), rng.randrange(3)
            text = rng.choice((w.UP + w.END_DOWN, w.DOWN + w.END_UP, w.FLAT)[way])
            polarity = NEUTRAL if way == 2 else way if index < 2 else 1 - way
            turns.append((subjects[index] + text, labels[polarity]))
    return Example(_system(rng, labels), tuple(turns), "state_drill")


def passage(rng: random.Random) -> tuple[str, list[str], list[int]]:
    """A text about one to three companies: the text, the companies, and their fates."""
    count = rng.choices([1, 2, 3], [0.14, 0.6, 0.26])[0]
    entities: list[str] = []
    while len(entities) < count:
        new = rng.choice([names.company] * 9 + [names.brand])(rng)
        if not any(new in e or e in new for e in entities):
            entities.append(new)
    fates = rng.sample(range(3), count) if rng.random() < 0.75 else rng.choices(range(3), k=count)
    if count == 2 and rng.random() < 0.2:
        fates = [rng.randrange(2), NEUTRAL]
        text = f"{entities[0]}{rng.choice(['', '', '，', '近期'])}{predicate(rng, fates[0])}"
        frame = rng.choice(w.BESIDE).replace("{x}", text)
        return frame.replace("{a}", entities[0]).replace("{b}", entities[1]), entities, fates
    text = clause(rng, entities[0], fates[0])
    for entity, fate in zip(entities[1:], fates[1:], strict=True):
        text += rng.choice(w.JOINS) + clause(rng, entity, fate, 0.0)
    return text + rng.choice(["", "。", "。"]), entities, fates


def tone_binding(rng: random.Random) -> Example:
    """Several texts; one company is asked about, then at times another one under the very same text."""
    labels = ("正面", "負面", "中立") if rng.random() < 0.75 else rng.choice(forms.POLARITIES)
    if rng.random() < 0.55:
        note, answer = forms.answer_form(rng, sentiment.KEYS)
        system = forms.system(rng, "target", rng.sample(labels, 3), note)
    else:
        system, answer = _system(rng, labels), str
    turns: list[tuple[str, str]] = []
    wanted = rng.randint(2, 5)
    while len(turns) < wanted:
        text, entities, fates = passage(rng)
        form = rng.choice(w.FIRST).replace("~", "\n") if rng.random() < 0.85 else rng.choice(forms.ASK_ENTITY)
        asked = rng.sample(range(len(entities)), len(entities) if rng.random() < 0.4 else 1)
        again = rng.random() < 0.5  # the text once more, or only the name
        for place, which in enumerate(asked[: wanted - len(turns)]):
            ask = form if place == 0 or again else rng.choice(forms.FOLLOW_ENTITY)
            turns.append((ask.replace("{e}", entities[which]).replace("{t}", text), answer(labels[fates[which]])))
    return Example(system, tuple(turns), "entity_sentiment")
