"""What is said of a training while it runs: each cause once, and nothing of a run that goes well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.locale import LANGUAGES
from tasktune.training.hints import CUT, JUMP, RISES, WINDOW, Hint, Judge, hints

Entry = dict[str, float]
STEPS = 3 * WINDOW
LIMIT = 1.0


def losses(values: Sequence[float], rate: float = 1e-4, **more: float) -> list[Entry]:
    return [{"step": n, "loss": value, "learning_rate": rate, **more} for n, value in enumerate(values, 1)]


def evaluated(values: Sequence[float], *, after: int = 0, every: int = 1) -> list[Entry]:
    return [{"step": after + every * n, "eval_loss": value} for n, value in enumerate(values, 1)]


def said(history: Sequence[Entry]) -> list[str]:
    return [hint.code for hint in hints(history, STEPS, LIMIT)]


positive = st.floats(1e-3, 1e3)
entries = st.builds(
    lambda loss, norm, rate, eval_loss: (
        {"loss": loss, "grad_norm": norm, "learning_rate": rate} if eval_loss is None else {"eval_loss": eval_loss}
    ),
    positive,
    positive,
    st.floats(1e-6, 1e-2),
    st.none() | positive,
)
histories = st.lists(entries, max_size=120).map(lambda h: [{**entry, "step": n} for n, entry in enumerate(h, 1)])


class TestLaws:
    @given(st.floats(0.5, 0.985), st.integers(1, 300), st.floats(1e-2, 1e2))
    def test_falling_curves_give_no_hint(self, factor: float, count: int, start: float) -> None:
        falling = [start * factor**n for n in range(count)]
        history = [e for pair in zip(losses(falling, grad_norm=0.5), evaluated(falling), strict=True) for e in pair]
        assert not said(history)

    @given(histories, st.integers(-20, 20))
    def test_the_size_of_losses_and_gradients_does_not_matter(self, history: list[Entry], power: int) -> None:
        factor = 2.0**power
        scaled = [
            {name: value * (factor if name in ("loss", "eval_loss", "grad_norm") else 1) for name, value in e.items()}
            for e in history
        ]
        codes = [(hint.code, hint.step) for hint in hints(scaled, STEPS, LIMIT * factor)]
        assert codes == [(hint.code, hint.step) for hint in hints(history, STEPS, LIMIT)]

    @given(histories, st.data())
    def test_what_has_been_said_stands_and_is_said_once(self, history: list[Entry], data: st.DataObject) -> None:
        some = data.draw(st.integers(0, len(history)))
        whole = hints(history, STEPS, LIMIT)
        assert whole[: len(hints(history[:some], STEPS, LIMIT))] == hints(history[:some], STEPS, LIMIT)
        causes = [hint.cause for hint in whole]
        assert len(causes) == len(set(causes))

    @given(histories)
    def test_what_is_not_known_of_a_run_is_not_judged(self, history: list[Entry]) -> None:
        bare = [{name: entry[name] for name in ("step", "loss") if name in entry} for entry in history]
        assert set(said(bare)) <= {"plateau"}


def test_rising_evaluation_loss_is_counted() -> None:
    rises = [2.0, 1.0, 1.1, 1.2, 1.3]
    assert said(evaluated(rises[:-1])) == []
    [hint] = hints(evaluated(rises, every=10), STEPS, LIMIT)
    assert (hint.code, hint.step) == ("overfitting", 50)
    assert hint.words().startswith(f"evaluation loss has risen for {RISES} evaluations: 1 → 1.1 → 1.2 → 1.3; ")
    assert "keep: best" in hint.words()


@pytest.mark.parametrize("values", [[1.0, 1.1, 1.0, 1.1, 1.0, 1.1], [1.0, 1.001, 1.002, 1.003], [1.0, 1.1, 1.1, 1.2]])
def test_noise_is_not_a_rise(values: list[float]) -> None:
    assert said(evaluated(values)) == []


def test_rows_known_by_heart_long_before_the_end() -> None:
    learned = [*losses([2.0, 1.0, 0.01, 0.01, 0.01, 0.01, 0.01]), *evaluated([0.5, 0.6], after=7)]
    [hint] = hints(learned, STEPS, LIMIT)
    assert hint.code == "memorising"
    assert "at 8% of the run: training loss 0.01, evaluation loss 0.6 and rising" in hint.words()
    # Near the end it is what training is for, and while the evaluation loss falls there is nothing against it.
    assert hints(learned, 10, LIMIT) == ()
    assert said([*learned[:-2], *evaluated([0.6, 0.5], after=7)]) == []
    # What it says of the evaluation loss has then been said.
    assert said([*learned, *evaluated([0.7, 0.8, 0.9, 1.0], after=9)]) == ["memorising"]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_evaluation_loss_that_is_no_number(value: float) -> None:
    assert said(evaluated([1.0, value, value])) == ["eval-not-finite"]


class TestPlateau:
    FLAT = (4.0, *[2.0] * WINDOW)

    def test_a_loss_that_stays_where_it_is(self) -> None:
        [hint] = hints(losses(self.FLAT), STEPS, LIMIT)
        assert hint.code == "plateau"
        assert hint.figures["loss"] == pytest.approx(2.0)
        assert f"for {WINDOW} steps (about 2)" in hint.words()

    def test_it_takes_a_third_of_the_run(self) -> None:
        assert said(losses([2.0] * WINDOW)) == []
        assert said(losses([2.0] * (WINDOW + 1))) == ["plateau"]
        assert hints(losses([2.0] * (WINDOW + 1)), 2 * STEPS, LIMIT) == ()

    def test_a_loss_that_may_fall_below_its_noise_is_not_called_still(self) -> None:
        noisy = [2.0 + 1.5 * (-1) ** n for n in range(WINDOW)]
        assert said(losses([4.0, *noisy])) == []
        calm = [2.0 + 0.05 * (-1) ** n for n in range(WINDOW)]
        assert said(losses([4.0, *calm])) == ["plateau"]

    def test_a_schedule_at_its_end_is_meant_to_stand_still(self) -> None:
        first, *rest = losses(self.FLAT)
        assert said([first, *({**entry, "learning_rate": 1e-5} for entry in rest)]) == []

    def test_what_is_learned_has_nowhere_to_fall(self) -> None:
        assert said(losses([4.0, *[0.1] * WINDOW])) == []


class TestGradients:
    def history(self, norms: Sequence[float]) -> list[Entry]:
        return [
            {"step": n, "loss": 10 * 0.95**n, "learning_rate": 1e-4, "grad_norm": norm}
            for n, norm in enumerate(norms, 1)
        ]

    def test_a_jump_that_lasts(self) -> None:
        usual = [0.01] * 20
        assert said(self.history([*usual, *[0.02 * JUMP] * 2, *usual])) == [], "a moment is no hint"
        [hint] = hints(self.history([*usual, *[0.02 * JUMP] * 3]), STEPS, LIMIT)
        assert hint.code == "gradient-jump"
        assert "is 20 times its usual 0.01" in hint.words()

    def test_gradients_of_which_little_is_left(self) -> None:
        assert said(self.history([CUT * LIMIT] * WINDOW)) == ["gradient-cut"]
        assert said(self.history([2 * LIMIT] * WINDOW)) == [], "to be cut a little is common and harmless"
        assert said(self.history([*[CUT * LIMIT] * (WINDOW - 1), LIMIT / 2])) == []
        assert hints(self.history([CUT * LIMIT] * WINDOW), STEPS, max_grad_norm=0.0) == ()


def test_a_judge_that_goes_on_from_a_log_repeats_nothing() -> None:
    judge = Judge(STEPS, LIMIT)
    history = evaluated([1.0, 1.1, 1.2, 1.3])
    assert [hint.code for entry in history for hint in judge.hear(entry)] == ["overfitting"]
    assert judge.hear({"step": 9, "eval_loss": 1.4}) == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: hints(evaluated([1.0, 1.1, 1.2, 1.3]), STEPS, LIMIT),
        lambda: hints(evaluated([1.0, math.nan]), STEPS, LIMIT),
        lambda: hints(losses([2.0] * (WINDOW + 1)), STEPS, LIMIT),
        lambda: hints(TestGradients().history([CUT * LIMIT] * WINDOW), STEPS, LIMIT),
        lambda: hints(TestGradients().history([*[0.01] * 20, *[1.0] * 3]), STEPS, LIMIT),
        lambda: hints([*losses([9.0, *[0.01] * 6]), *evaluated([0.5, 0.6], after=7)], STEPS, LIMIT),
    ],
)
def test_every_hint_is_said_in_every_language_and_survives_json(make: Callable[[], tuple[Hint, ...]]) -> None:
    [hint] = make()
    assert len({hint.words(language) for language in LANGUAGES}) == len(LANGUAGES)
    assert Hint.model_validate_json(hint.model_dump_json()) == hint
