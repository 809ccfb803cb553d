"""Work in processes of their own: results in the order of the jobs, and a clean end where somebody interrupts it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

Job = TypeVar("Job")
Result = TypeVar("Result")
_KEPT = 31 << 20  # bytes


def each(work: Callable[[Job], Result], jobs: Sequence[Job], cores: int) -> Iterator[Result]:
    """What comes of each job, in their order: here, or with several `cores` in processes of their own."""
    if cores == 1 or len(jobs) == 1:
        _keep_memory()
        yield from map(work, jobs)
        return
    import multiprocessing
    from collections import deque
    from concurrent.futures import Future, ProcessPoolExecutor

    pool = ProcessPoolExecutor(min(cores, len(jobs)), multiprocessing.get_context("spawn"), initializer=_begin_process)
    waiting: deque[Future[Result]] = deque()
    try:
        for job in jobs:  # a few at a time: what is done does not pile up
            with _unheard():
                waiting.append(pool.submit(work, job))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """An interrupt that comes meanwhile is heard afterwards, and never by processes that begin meanwhile: they inherit what is blocked
    here. Interrupted halfway, before `_begin_process` has run in them, they would show where they were."""
    import signal
    import threading

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    heard: list[int] = []
    first = threading.current_thread() is threading.main_thread()  # in which alone interrupts are heard, though another may get them
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if first else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if first:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
    if heard:
        signal.raise_signal(signal.SIGINT)


def _begin_process() -> None:
    """An interrupt is for the program that waits: it lets the others end. Where that is killed they end by themselves."""
    import multiprocessing
    import os
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()
    _keep_memory()


def _keep_memory() -> None:
    """A large array, given back at once: from then on the allocator (of glibc) keeps what is freed instead of handing it back to the
    system and asking for it again, page by page, for every array of a block. That took half of the time."""
    np.empty(_KEPT, dtype=np.uint8)
