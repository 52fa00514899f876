"""What comes by webhook: checked, and kept before it is answered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from domain.texts import UNKEPT, is_unkept
from gateways.ports.inbox import Arrival, InboxBook, NotGenuine, Unreadable, Webhook
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderTrouble
from service.keeping import Keeper
from service.threads import Threads

__all__ = ["Mailroom", "NotGenuine", "NotKept", "Unreadable"]


class NotKept(Exception):
    """The ledger does not answer: the provider has to come again. One sentence."""


class Mailroom:
    """webhooks: by the name that their route has. `kept` is called when there is something to be handed on."""

    def __init__(
        self,
        webhooks: Mapping[str, Webhook],
        book: InboxBook,
        threads: Threads,
        clock: Callable[[], datetime],
        kept: Callable[[], None],
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._webhooks = dict(webhooks)
        self._book = book
        self._threads = threads
        self._keeper = Keeper(book, threads, clock)
        self._kept = kept

    @property
    def providers(self) -> frozenset[str]:
        return frozenset(self._webhooks)

    async def answers(self) -> bool:
        """Whether what comes in could be kept now."""
        try:
            await self._threads.run(self._book.inbox, None, 0, 1)
        except ProviderTrouble:
            return False
        return True

    async def take(self, provider: str, body: bytes, headers: Mapping[str, str], target: str) -> None:
        """Raises NotGenuine, Unreadable or NotKept; KeyError for a provider that is not set up."""
        webhook = self._webhooks[provider]
        try:
            arrivals = _kept(webhook.open(body, headers, target))
        except NotGenuine:
            self._meter.arrived(provider, "not_genuine")
            raise
        except Unreadable:
            self._meter.arrived(provider, "unreadable")
            raise
        await self.keep(provider, arrivals)

    async def keep(self, provider: str, arrivals: Sequence[Arrival]) -> None:
        """Keeps what is known to be genuine. Raises NotKept."""
        try:
            new = await self._keeper.keep(arrivals)
        except ProviderTrouble as error:
            self._meter.arrived(provider, "not_kept")
            raise NotKept(f"{error} Nothing was taken: send it again.") from None
        self._meter.arrived(provider, "kept" if new else "known")
        if new:
            self._kept()


def _kept(arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """Those whose names a table keeps: one that has no such name does not cost the others of its batch."""
    kept = [one for one in arrivals if not is_unkept([one.event_id, one.kind])]
    if arrivals and not kept:
        raise Unreadable(f"Nothing of it can be kept: {UNKEPT}.")
    return kept
