"""A guard against a clock that stands still while the history goes on."""

from temporalio import workflow


class StaleClockError(RuntimeError):
    """The workflow was given news under the time of its previous task. Fails the task, never the case."""


class Clock:
    """Notices that `workflow.now()` is the time of an earlier task.

    Seen with temporalio 1.35: when a query reaches a worker that has not cached the case, after a timer rang or a
    signal came but before the workflow task for it has started, the SDK lets the workflow go on under the time of
    its previous task, days ago perhaps, and keeps that run. The case would then wait its whole wait again, late, and
    its history would no longer replay. Time and length of the history grow together in every task that is what it
    seems, so one without the other tells. Failing that task makes the worker forget the run; the next one reads the
    history anew, under the right time. The query fails and may be asked again.
    """

    def __init__(self) -> None:
        self._now = workflow.now()
        self._length = workflow.info().get_current_history_length()

    def check(self) -> None:
        """Raises StaleClockError when the history has grown and the time has not."""
        now, length = workflow.now(), workflow.info().get_current_history_length()
        if length > self._length and now <= self._now:
            raise StaleClockError("the clock stands still while the history goes on; the task is done anew")
        self._now, self._length = now, length
