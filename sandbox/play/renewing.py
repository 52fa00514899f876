"""Customers of the demo whose subscription renews: nothing has failed, and a notice may come before the charge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.table import Table
from temporalio.client import Client

from domain.base import Frozen
from domain.ids import renewal_id
from sandbox.play.afterwards import Afterwards
from sandbox.play.evidence import Subject
from sandbox.play.front import Front
from sandbox.play.script import Renewing
from sandbox.providers.journal import CHANNELS, LogEntry
from sandbox.providers.world import ProviderWorld


class RenewalReport(Frozen):
    """What was said before one renewal. Days are local days of the customer before the charge."""

    customer: str  # the script's key
    story: str
    country: str
    said: tuple[tuple[str, int], ...]  # channel, days before
    differences: tuple[str, ...]  # from what the script expects, a sentence each

    @property
    def ok(self) -> bool:
        return not self.differences


@dataclass
class Renewed:
    """One renewal on its way through the script."""

    script: Renewing
    world: ProviderWorld
    customer: str
    card: str
    subscription: str
    renews_at: datetime
    seen_at: dict[int, datetime] = field(default_factory=dict)  # journal entry → the renewal's time
    said: list[LogEntry] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The workflow's, by which its messages' keys begin."""
        return renewal_id(self.subscription, self.renews_at)

    @property
    def subject(self) -> Subject:
        one = self.script
        return Subject(
            self.name,
            self.customer,
            one.country,
            one.time_zone,
            one.reads,
            name=one.name,
            region=one.region,
            due_at=self.renews_at,
        )

    async def lead(self, client: Client, front: Front, now: datetime) -> None:
        """Lets Stripe announce it, and leads it from timer to timer until nothing is left to be said."""
        self.world.stripe.announce_renewal(self.subscription)
        await self._tells(front, now)
        if self.script.agrees:
            self.world.twilio.wrote(f"whatsapp:{self.script.phone}", "START")
            await self._tells(front, now)
        clock = Afterwards(client)
        clock.begun([self.name])
        while (moment := await clock.next_at()) is not None:
            self._looks(await clock.now())
            replaced = self.script.new_card_days_before
            if replaced and moment > (at := self.renews_at - timedelta(days=replaced)):
                await clock.move_to(at)
                self.world.stripe.add_card(self.customer)
                await self._tells(front, at)
                self.script = self.script.model_copy(update={"new_card_days_before": None})
            elif clock.before(moment) <= await clock.now():
                await clock.rings(moment)
            else:
                await clock.move_to(clock.before(moment))
            now = moment
        self._looks(now)
        await self._tells(front, now)

    def _looks(self, now: datetime) -> None:
        for entry in self.world.log:
            if (
                (entry.key or "").startswith(f"{self.name}:")
                and entry.kind in CHANNELS
                and entry.seq not in self.seen_at
            ):
                self.seen_at[entry.seq] = now
                self.said.append(entry)

    async def _tells(self, front: Front, now: datetime) -> None:
        """What the providers have to say of the customer."""
        mine = {self.customer, self.script.phone, self.script.email}
        told = self.world.outbox.take(lambda one: bool(mine & {*one.subjects.values()}) or self.name in (one.key or ""))
        await front.deliver([one.at(int(now.timestamp())) for one in told])

    def report(self) -> RenewalReport:
        zone, script = ZoneInfo(self.script.time_zone), self.script
        charged = self.renews_at.astimezone(zone).date()
        said = [(CHANNELS[e.kind], (charged - self.seen_at[e.seq].astimezone(zone).date()).days) for e in self.said]
        wanted = [script.told_by.value] if script.told_by else []
        found = [channel for channel, _ in said]
        differences = [f"told by: expected {wanted or 'none'}, got {found or 'none'}"] if wanted != found else []
        return RenewalReport(
            customer=script.key,
            story=script.story,
            country=script.country,
            said=tuple(said),
            differences=tuple(differences),
        )


def renewals_of(scripts: Sequence[Renewing], world: ProviderWorld, starts_on: datetime) -> list[Renewed]:
    """The customers in the stand-ins, with subscriptions that renew on the script's day."""
    return [_enters(script, world, starts_on) for script in scripts]


def _enters(script: Renewing, world: ProviderWorld, starts_on: datetime) -> Renewed:
    stripe = world.stripe
    customer = stripe.add_customer(
        script.name,
        email=script.email,
        phone=script.phone,
        country=script.country,
        address={"state": script.region} if script.region else {},
        locales=[script.language],
        metadata={"time_zone": script.time_zone, "segment": script.segment},
    )
    card = stripe.add_card(customer, exp_month=script.expires.month, exp_year=script.expires.year)
    money = script.money
    subscription = stripe.add_subscription(customer, amount=money.amount, currency=script.currency.lower())
    renews_at = starts_on + timedelta(days=script.renews_on)
    held = stripe.store.objects[subscription]["items"]["data"][0]
    held["current_period_end"] = int(renews_at.timestamp())
    return Renewed(script, world, customer, card, subscription, renews_at)


def renewals_table(reports: Sequence[RenewalReport]) -> Table:
    table = Table(title="Before a renewal", title_justify="left", header_style="bold")
    for name in ("customer", "what is so", "told by", "days before the charge"):
        table.add_column(name, overflow="fold")
    for one in reports:
        told = ", ".join(channel for channel, _ in one.said) or "nothing"
        days = ", ".join(str(days) for _, days in one.said)
        table.add_row(f"{one.customer} {one.country}", one.story, told if one.ok else f"[bold red]{told}[/]", days)
    return table
