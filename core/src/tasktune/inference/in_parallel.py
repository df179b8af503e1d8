"""The same work on many things, several at a time, by threads that an interruption does not wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


def in_parallel(work: Callable[[Thing], Made], things: Iterable[Thing], at_once: int) -> Iterator[tuple[Thing, Made]]:
    """What the work makes of each thing, as it is done. No more than ``at_once`` are under way, and one more is taken.

    The first error of the work is raised, and nothing more is begun then. Work under way when the iteration is left is
    given up: its threads do not keep the process from ending.
    """
    todo: queue.SimpleQueue[tuple[Thing] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Thing, Made] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        while (each := todo.get()) is not None:
            try:
                done.put((each[0], work(each[0])))
            except BaseException as error:  # noqa: BLE001 - handed to the one who waits
                done.put(error)

    def next_done() -> tuple[Thing, Made]:
        found = done.get()
        if isinstance(found, BaseException):
            raise found
        return found

    threads: list[threading.Thread] = []
    under_way = 0
    try:
        for thing in things:
            if under_way == at_once:
                yield next_done()
                under_way -= 1
            todo.put((thing,))
            under_way += 1
            if len(threads) < under_way:
                threads.append(threading.Thread(target=run, daemon=True))
                threads[-1].start()
        for _left in range(under_way):
            yield next_done()
    finally:
        for _thread in threads:
            todo.put(None)
