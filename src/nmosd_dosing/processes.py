"""Work in processes of their own, or on a cluster: results in the order of the jobs, and a clean end where somebody interrupts it."""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from nmosd_dosing import cluster
from nmosd_dosing.errors import Wording, worded_as, wording

Job = TypeVar("Job")
Result = TypeVar("Result")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 1 << 30  # bytes
_NOT_MAPPED = 32 << 20  # bytes: the most that every glibc takes


def each(work: Callable[[Job], Result], jobs: Iterable[Job], cores: int, address: str | None = None) -> Iterator[Result]:
    """What comes of each job, in their order: here, with several `cores` in processes of their own, or on the cluster whose scheduler has
    an `address`."""
    if address is not None:
        with cluster.workers(functools.partial(_done, wording(), work), address) as workers:
            yield from _in_order(jobs, workers.submit, workers.under_way)
        return
    if cores == 1:
        yield from map(functools.partial(_done, wording(), work), jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    words = wording()
    pool = ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), initializer=_begin_process)

    def submit(job: Job) -> Callable[[], Result]:
        with _unheard():
            return pool.submit(_done, words, work, job).result

    try:
        yield from _in_order(jobs, submit, lambda: 2 * cores)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(jobs: Iterable[Job], submit: Callable[[Job], Callable[[], Result]], most: Callable[[], int]) -> Iterator[Result]:
    """The results of jobs of which a few are under way at a time: what is done does not pile up."""
    waiting: deque[Callable[[], Result]] = deque()
    for job in jobs:
        if waiting and len(waiting) >= most():
            yield waiting.popleft()()
        waiting.append(submit(job))
    while waiting:
        yield waiting.popleft()()


def _done(words: Wording, work: Callable[[Job], Result], job: Job) -> Result:
    """What comes of a job, wherever it is done, with messages in the words of whoever asked for it."""
    _keep_memory()
    with worded_as(words):
        return work(job)


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


@functools.cache
def _keep_memory() -> None:
    """From now on the allocator (of glibc) keeps what is freed instead of handing it back to the system and asking for it again, page by
    page, for every array of a block. That took half of the time; and two thirds of it where dask asks for the contrary, by
    MALLOC_TRIM_THRESHOLD_. Other allocators are as they are."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _NOT_MAPPED)
