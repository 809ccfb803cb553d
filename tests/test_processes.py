"""Jobs one after another, and a few at a time."""

from __future__ import annotations

from collections.abc import Callable

from nmosd_dosing import processes


def test_results_come_in_order_and_few_jobs_are_under_way() -> None:
    under_way: list[int] = []
    most = []

    def submit(job: int) -> Callable[[], int]:
        under_way.append(job)
        most.append(len(under_way))

        def result() -> int:
            under_way.remove(job)
            return job * job

        return result

    allowed = iter([4, 4, 8, *[8] * 100])  # a second worker comes
    assert list(processes._in_order(range(50), submit, lambda: next(allowed))) == [job * job for job in range(50)]
    assert max(most) == 8
    assert most[:4] == [1, 2, 3, 4]


def test_a_result_is_there_before_later_jobs_are_begun() -> None:
    begun: list[int] = []

    def work(job: int) -> int:
        begun.append(job)
        return -job

    results = processes.each(work, range(3), 1)
    assert next(results) == 0
    assert begun == [0]
