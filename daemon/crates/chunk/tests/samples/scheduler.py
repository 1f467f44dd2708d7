#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright (c) 2023 Example Ltd.
# Licensed under the MIT License.
"""Runs jobs at their time.

Nothing here sleeps: the caller says what time it is.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

MAX_JOBS = 1_000
default_zone = "UTC"
type Clock = float


# Raised when there is no room.
class Full(Exception):
    pass


@dataclass(order=True)
class Job:
    """A job and its time."""

    due: float
    name: str = field(compare=False)

    @property
    def is_late(self) -> bool:
        # Late means late at all.
        return self.due < 0

    @is_late.setter
    def is_late(self, value: bool) -> None: self.due = -1 if value else 1

    class Meta:
        ordering = ["due"]


class Scheduler[T](object):
    # Jobs by time.
    jobs: list[Job] = []

    def __init__(self, zone: str = default_zone, *, limit: int = MAX_JOBS) -> None:
        r"""Makes an empty one."""
        self.zone = zone

    async def run(self, now: float) -> int:
        """
        Runs what is due.

        Returns how many ran.
        """
        n = 0

        def one(job: Job) -> None:
            nonlocal n
            n += 1

        while self.jobs and self.jobs[0].due <= now:
            one(heapq.heappop(self.jobs))
        return n

    @staticmethod
    def parse(text: str) -> Job:
        due, _, name = text.partition(" ")
        return Job(float(due), name)


def main(
    arguments: list[str],
    # The clock is passed in.
    clock=None,
) -> int:
    handler = lambda: 0
    return handler()


if __name__ == "__main__":
    def run_it():
        main([])

    run_it()
