"""A guard against a clock that stands still while the history goes on."""

from datetime import datetime, timedelta

from temporalio import workflow

_ROUNDING = timedelta(seconds=1)


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

    def rang(self, due: datetime) -> None:
        """Raises StaleClockError when a timer rang and it is not yet `due`.

        Sharper than `check`, which cannot see a task that left nothing to replay: a question that was asked while a
        decision was being taken makes one, and its time is later than that of any task that the case was woken for.
        """
        if workflow.now() < due - _ROUNDING:
            raise StaleClockError("a timer rang before its time; the task is done anew")
