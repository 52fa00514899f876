"""The sweep's pages, each an activity: what was found stands in the ledger, how far it came also in the history."""

from temporalio import activity

from activities.errors import translated
from domain.base import Message
from domain.sweep import Sweep
from gateways.ports.sweep import Sweeper


class Begin(Message):
    """Go on with the sweep that was interrupted, or begin a new one."""

    whole: bool = False  # a new one from the very beginning


class SweepActivities:
    """Hands on to the sweep, and says in Temporal's words what went wrong."""

    def __init__(self, sweeper: Sweeper) -> None:
        self._sweeper = sweeper

    @activity.defn(name="begin_sweep", no_thread_cancel_exception=True)
    async def begin(self, begin: Begin) -> Sweep:
        """The sweep that goes on, or a new one; it stands in the ledger. Asked again it is the same one."""
        # There is no case that could be held: whatever is wrong may be put right, and is asked again.
        with translated(misuse_passes=True):
            return await self._sweeper.begin(whole=begin.whole)

    @activity.defn(name="sweep_page", no_thread_cancel_exception=True)
    async def page(self, sweep: Sweep) -> Sweep:
        """One more page. Asked again it mends what the first try has left; what was told is told once."""
        with translated(misuse_passes=True):
            return await self._sweeper.page(sweep)
