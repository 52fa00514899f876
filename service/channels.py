"""Channels of one customer, closed and opened again by hand: in the ledger for the person, and in each open case."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from domain import events
from domain.consent import Source
from domain.installation import Installation
from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.consents import OptIn
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Closure
from service.naming import told_of
from service.requests import Refused, Unknown
from service.running import Ended, RunningCases


class Channels:
    """Raises Unknown for a customer without a case, ProviderTrouble when the ledger and RPCError when Temporal does not
    answer; the same order may then be given again."""

    def __init__(
        self,
        running: RunningCases,
        ledger: Ledger,
        installation: Callable[[], Installation],
        clock: Callable[[], datetime],
    ) -> None:
        self._running = running
        self._ledger = ledger
        self._installation = installation
        self._clock = clock

    def customer_of(self, invoice: str) -> str:
        """Whose invoice it is. Raises Refused."""
        case = self._ledger.case(self._running.named(invoice))
        if case is None:
            raise Unknown(f"The ledger has no case of invoice {invoice}.")
        return case.customer_id

    async def reopen(self, customer_id: str, channel: Channel, order: events.ReopenChannel, *, asked: bool) -> None:
        """Opens the channel again. `asked`: the customer wants it. Raises Refused where it is not closed, where it is
        closed to everybody, or where the customer closed it and has not asked for it."""
        self._known(customer_id)
        name = CHANNEL_NAMES[channel]
        if missing := self._installation().closed_channels.get(channel):
            raise Refused(f"{name} is closed to everybody: {missing}.")
        closures = [closure for closure in self._ledger.closures(customer_id) if closure.channel is channel]
        cases, why = self._ledger.open_cases_of(customer_id), self._ledger.closed_channels(customer_id).get(channel)
        # With open cases it may be the rest of an order that was cut off.
        if not closures and (why or not cases):
            raise Refused(f"{name} is closed to this customer: {why}." if why else f"{name} is not closed.")
        if not asked and any(closure.wish for closure in closures):
            raise Refused(
                f"The customer wants no {name}: open it only when they asked for it themselves, and say that they did."
            )
        # Before the cases are told: what they decide then reads the ledger.
        at = self._clock()
        self._ledger.open_channel(closures, at, f"order of {order.by}")
        if asked:
            self._ledger.opted_in(
                OptIn(
                    customer_id=customer_id,
                    channel=channel,
                    event_id=f"order {at.isoformat()}",
                    source=Source.OPERATOR,
                    proof=f"{order.by}: {order.note}".removesuffix(": "),
                    at=at,
                )
            )
        for case in cases:
            with suppress(Ended):
                await self._running.order(case.invoice_id, "reopen_channel", order)

    async def close(self, customer_id: str, channel: Channel, event_id: str) -> None:
        """The customer wants no contact on this channel: it holds for the person. Given twice it counts once."""
        self._known(customer_id)
        result = events.ContactResult.OPTED_OUT
        fact = events.ContactReported(event_id=event_id, channel=channel, result=result)
        closure = Closure(
            customer_id=customer_id,
            channel=channel,
            address=None,
            why=result.words,
            wish=True,
            event_id=told_of(customer_id, event_id),
            at=self._clock(),
            source=Source.OPERATOR,
        )
        self._ledger.close_channel(closure)
        for case in self._ledger.open_cases_of(customer_id):
            with suppress(Ended):
                await self._running.tell(case.invoice_id, "contact_reported", fact)

    def _known(self, customer_id: str) -> None:
        if self._ledger.customer(customer_id) is None:
            raise Unknown(f"The ledger has no customer {customer_id}.")
