"""Leads the scripted customers' cases through their virtual weeks.

For each case: see what happened, let the providers' webhooks tell it, let the customer react, move time to whatever
comes next.
A case stands still while the world acts, so that every run tells the same story.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain import events
from domain.base import Message
from domain.call_hours import read
from domain.closing_messages import Occasion
from domain.ids import closing_id, workflow_id
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE, patiently
from sandbox.play.afterwards import Afterwards
from sandbox.play.answering import Answering
from sandbox.play.calling import Caller
from sandbox.play.customers import Actor
from sandbox.play.entering import billed_anew
from sandbox.play.evidence import closing_of
from sandbox.play.front import Front
from sandbox.play.postman import Postman
from sandbox.play.script import Action, Customer, Deed
from sandbox.play.starter_process import command
from sandbox.play.together import Together
from sandbox.play.virtual_time import JUST_BEFORE, CaseClock, Standing
from sandbox.providers.journal import Json
from workflows.dunning import DunningWorkflow
from workflows.messages import CaseResult, CaseView

AT_ONCE = 10
"""Cases that are on their way at the same time: about what two cores can follow."""
_A_PUSH = timedelta(seconds=1)
_STUCK_AFTER = 3.0
_RINGS = 0.3
"""So long before somebody looks again whether a call that no person makes has come to its end (seconds)."""
_ORDERS = frozenset(deed for deed in Deed if deed.value.startswith("operator_"))
BY_US = _ORDERS | {Deed.TRANSFERS, Deed.AGENCY_ACKNOWLEDGES, Deed.AGENCY_COLLECTS, Deed.AGENCY_RETURNS}
"""What reaches a case by the driver's own words, and not by a provider's webhook."""
_PREFERENCES = re.compile(r"https?://\S+/preferences/[\w.~-]+")


@dataclass
class Lead:
    """One case on its way through the script."""

    actor: Actor
    driver: "Driver"
    handle: WorkflowHandle[DunningWorkflow, CaseResult]
    clock: CaseClock
    afterwards: Afterwards  # what is left to do towards the customer
    seen_at: dict[int, datetime] = field(default_factory=dict)  # journal entry → the case's time
    now: datetime | None = None  # the case's time at the last look
    latest: str = ""  # what happened last, in the providers' words
    together: Together = field(default_factory=Together)
    closed: bool = False
    done: bool = False  # closed, or nothing more comes before the end of the play
    _told: int = 0
    _waiting: tuple[datetime | None, float] | None = None  # for which timer, since when (monotonic seconds)
    _rings_since: float | None = None  # the automatic service is to call, since when (monotonic seconds)
    _ended: bool = False  # it is known that the case is over
    _late: datetime | None = None  # when the newest thing happened that the case did not do itself

    async def run(self, until: datetime) -> None:
        """Leads the case to its end, or to `until`."""
        try:
            while not self.done:
                await self._once(until)
        finally:
            self.together.leaves()

    async def _once(self, until: datetime) -> None:
        standing = await self.clock.settle()
        if standing.closed and self._late:
            standing = replace(standing, now=max(standing.now, self._late))
        self.now, self.closed = standing.now, standing.closed
        self.afterwards.begun(standing.children)
        if standing.closed and not self._ended:
            self._ended = True
            self.afterwards.begun([closing_id(self.actor.invoice, Occasion.END)])
        left = await self.afterwards.next_at()
        if await self._world_answers(standing):
            return
        if standing.closed:
            await self._goes_on_after(standing.now, left)
            return
        if await self._is_called():
            return
        if action := self.actor.take_due(standing.now):
            await self._do(action)
            return
        target = self._next_moment(standing, left, until)
        if target is None:
            self.done = True
        elif target > standing.now:
            self._waiting = None
            target = await self.together.first_of(target)
            await self.clock.move_to(target)
            if left and target >= self.afterwards.before(left):
                self._late = left
        else:
            await self._nudge(standing)  # its timer is about to ring

    async def _goes_on_after(self, now: datetime, left: datetime | None) -> None:
        """What comes after the end, in its order: what is left to do towards the customer, and what the world does."""
        late = self.actor.late_at()
        if left and (late is None or left <= late):
            goal = self.afterwards.before(left)
            if goal <= await self.afterwards.now():
                await self.afterwards.rings(left)
            else:
                goal = await self.together.first_of(goal)
                await self.afterwards.move_to(goal)
            # What comes next is what it is moved for, however soon.
            self._late = max(now, left if goal >= self.afterwards.before(left) else goal)
        elif planned := self.actor.take_late():
            self._late, self._ended = planned[0], False
            await self._do(planned[1])
        else:
            self.done = True

    async def view(self) -> CaseView:
        return await patiently(lambda: self.handle.query(DunningWorkflow.status), "asking a case")

    def _next_moment(self, standing: Standing, left: datetime | None, until: datetime) -> datetime | None:
        """Where to go next; None when nothing comes before `until`. `left`: when that goes on which the case began."""
        outside = [self.actor.next_at(), self.driver.postman.next_at(self.actor)]
        own = min((moment for moment in outside if moment), default=None)
        ahead = [moment for moment in (standing.next_at, left, own) if moment]
        if not ahead or min(ahead) > until:
            return None
        return own if own and own == min(ahead) else min(ahead) - JUST_BEFORE

    async def _nudge(self, standing: Standing) -> None:
        """Waits a moment for a timer that is due; one that does not ring gets a push."""
        if self._waiting is None or self._waiting[0] != standing.next_at:
            self._waiting = standing.next_at, time.monotonic()
        waited = time.monotonic() - self._waiting[1]
        if waited > PATIENCE:
            raise SandboxError(f"The case of {self.actor.invoice} does not go on: look at worker.log and temporal.log.")
        if waited > _STUCK_AFTER:
            await self.clock.move_to(standing.now + _A_PUSH)
        await asyncio.sleep(0.02)

    async def _is_called(self) -> bool:
        """Whether a call that no person makes is under way, or about to be; the case waits for it."""
        phone = self.actor.script.on_the_phone
        if phone is None or not await self.driver.front.automatic_call_waits(self.actor.invoice):
            self._rings_since = None
            return False
        self._rings_since = self._rings_since or time.monotonic()
        if time.monotonic() - self._rings_since > PATIENCE:
            raise SandboxError(f"The automatic service does not call about {self.actor.invoice}: look at web.log.")
        await asyncio.sleep(_RINGS)
        return True

    async def _world_answers(self, standing: Standing) -> bool:
        """Whether something new had happened; it is passed on then."""
        entries = self.driver.postman.entries(self.actor)
        for entry in entries:
            # A closing message has a clock of its own, which is ahead of a case that was moved to just before it.
            led_to = self._late if closing_of(entry) else None
            self.seen_at[entry.seq] = max(standing.now, led_to or standing.now)
            self.latest = entry.kind.replace(".", " ").replace("_", " ")
            self.actor.hears(entry, standing.now)
        told = self.driver.postman.webhooks(self.actor, standing.now)
        await Answering(self.driver.front).were_called(self.actor, told)
        if told:
            await self.driver.front.deliver(told)
        return bool(entries or told)

    async def _do(self, action: Action) -> None:
        if action.do is Deed.OPERATOR_CALLS:
            await Caller(self.driver.front, self.driver.environment).calls(self.actor, action)
            return
        if action.do is Deed.STATES_CALL_HOURS:
            self.actor.takes_note(action)
            hours = [each.model_dump(mode="json") for each in read(action.words)]
            await self.driver.front.call_hours(self.actor.customer, hours)
            return
        if action.do is Deed.AGREES_TO_CALLS:
            self.actor.takes_note(action)
            await Answering(self.driver.front).agrees(self.actor)
            return
        if action.do in _ORDERS:
            self.actor.takes_note(action)
            await self._order(action)
            return
        if action.do is Deed.STAFF_LOOKS:
            self.actor.note(action.do.value, sees=await self.driver.front.replies(self.actor.customer))
            return
        if action.do is Deed.OPENS_CUT_LINK:
            self.actor.note(action.do.value, **await self._opens_cut_link())
            return
        amount = self.actor.amount(action) if action.do in (Deed.AGENCY_COLLECTS, Deed.TRANSFERS) else None
        self.actor.do(action)
        if action.do is Deed.TRANSFERS and amount:
            # The merchant's own billing system tells Temporal.
            told = events.PaymentReceived(event_id=self._event_id(), amount=amount)
            await self.driver.unless_over(lambda: self.handle.signal("payment_received", told))
        report = {
            Deed.AGENCY_ACKNOWLEDGES: events.AgencyReport.ACKNOWLEDGED,
            Deed.AGENCY_COLLECTS: events.AgencyReport.PAYMENT,
            Deed.AGENCY_RETURNS: events.AgencyReport.RETURNED,
        }.get(action.do)
        if report:
            reported = events.AgencyReported(event_id=self._event_id(), report=report, amount=amount)
            await self.driver.front.agency(self.actor.invoice, reported)

    async def _opens_cut_link(self) -> Json:
        """What somebody reads whose mail program has cut off the link to their preferences."""
        script = self.actor.script
        [*_, link] = [link for text in self.actor.mails() for link in _PREFERENCES.findall(text)]
        languages = ", ".join(filter(None, (script.language, script.else_language)))
        return await self.driver.front.opens(link[:-3], languages)

    async def _order(self, action: Action) -> None:
        order = self._ordered(action)
        if action.by_command:
            await command(self.driver.environment, self.actor.invoice, order, self.view)
        else:
            of = self.actor.invoice, self.actor.customer
            await self.driver.front.order(of, order, self._event_id(), self.view)

    def _ordered(self, action: Action) -> Message:
        by = "demo operator"
        match action.do:
            case Deed.OPERATOR_PAUSES:
                return events.Pause(by=by, note="the customer called")
            case Deed.OPERATOR_RESUMES:
                return events.Resume(by=by, note="clarified")
            case Deed.OPERATOR_SETTLES:
                return events.Settle(amount=self.actor.amount(action), paid=action.paid, by=by, note="agreed by phone")
            case Deed.OPERATOR_SKIPS:
                return events.Skip(step=action.step, by=by, note="said by phone")
            case Deed.OPERATOR_RETRIES:
                return events.RetryNow(by=by, note="there is money now, they say")
            case Deed.OPERATOR_HANDS_OFF:
                return events.HandOff(by=by, note="a known debtor")
            case Deed.OPERATOR_RECALLS:
                return events.Recall(by=by, note="they called at last")
            case Deed.OPERATOR_REOPENS:
                return events.ReopenChannel(channel=action.channel, by=by, note="they asked for it")
            case _:
                return events.WriteOff(by=by, note="goodwill")

    def _event_id(self) -> str:
        self._told += 1
        return f"demo-{self.actor.invoice}-{self._told}"


def _of_one_person(leads: Sequence[Lead]) -> Collection[list[Lead]]:
    """Also of one who is two customers at Stripe: their messages count together."""
    found: dict[str, list[Lead]] = {}
    for lead in leads:
        script = lead.actor.script
        found.setdefault(script.same_person_as or script.other_of or script.key, []).append(lead)
    return found.values()


class Audience(Protocol):
    """Who watches the cases."""

    def begins(self, leads: Sequence[Lead]) -> None: ...

    def ends(self, lead: Lead) -> None: ...


@dataclass
class Driver:
    """Leads all cases, a few at a time."""

    client: Client
    front: Front
    environment: Mapping[str, str]
    postman: Postman
    until: datetime
    progress: "Audience"
    again: Sequence[Customer] = ()  # who may owe again what was taken back
    reopened_as: Callable[[str], str | None] = lambda _: None  # by which invoice something was billed anew

    async def run(self, actors: Sequence[Actor]) -> list[Lead]:
        """Leads every case to its end or to `until`. The first trouble ends the run."""
        turns = asyncio.Semaphore(AT_ONCE)
        leads = [self._lead(actor) for actor in actors]
        for several in _of_one_person(leads):
            together = Together(len(several))
            for lead in several:
                lead.together = together
        self.progress.begins(leads)

        async def one(lead: Lead) -> None:
            # Who is called by a machine does little else than wait for that, and takes nobody's turn.
            async with nullcontext() if lead.actor.script.on_the_phone else turns:
                await lead.run(self.until)
                again = self._billed_anew(lead)
                if again:
                    await again.run(self.until)
            self.progress.ends(lead)
            if again:
                leads.append(again)

        try:
            async with asyncio.TaskGroup() as group:
                for lead in leads:
                    group.create_task(one(lead))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # the others were only stopped by it
        return leads

    def _billed_anew(self, lead: Lead) -> Lead | None:
        """The case of what was taken back after the end, if the script follows it and there is one."""
        script = next((one for one in self.again if one.again_of == lead.actor.script.key), None)
        invoice = self.reopened_as(lead.actor.invoice) if script else None
        if script is None or invoice is None or lead.now is None:
            return None
        actor = billed_anew(script, lead.actor, invoice, lead.now)
        self.postman.knows(actor)
        return self._lead(actor)

    def _lead(self, actor: Actor) -> Lead:
        handle = self.client.get_workflow_handle_for(DunningWorkflow.run, workflow_id(actor.invoice))
        return Lead(actor, self, handle, CaseClock(self.client, handle), Afterwards(self.client))

    async def unless_over(self, call: Callable[[], Awaitable[object]]) -> None:
        """Tells a case something; one that is over needs it no more."""
        try:
            await patiently(call, "telling a case")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
