"""Before a subscription renews: what is due to be said is read anew, checked, written and sent, once."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from temporalio import activity

from activities.errors import translated
from activities.situations import Anywhere, Around, Situations
from domain.addresses import FIELDS
from domain.brand import BySegment
from domain.calendar import local
from domain.choice import best_channel
from domain.consent import open_channel, told_by_provider
from domain.gates import Postpone, Refuse, strictest
from domain.habits import Habits
from domain.ids import notice_key, renewal_id
from domain.policy import Policy
from domain.renewal import Notice, NoticeOutcome, NoticeTask, Told, told
from domain.rules.invoice import Aim
from domain.rules.lawful_words import lawful_words, wanted
from domain.rules.notices import ask_hours, notice_caps, notice_time
from domain.rules.protection import ask_protected
from domain.rules.refusals import About
from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address, Rendered, RequiredWords, Sender
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.renewals import NoticeRow, RenewalMessages, Renewals, RenewalSnapshot
from gateways.ports.rows import Closure
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

_DONE = ("sent", "unknown", "left_out")
_REFUSED = "unreachable"
_A_DAY = timedelta(days=1)


class RenewalActivities:
    """What is said before anything can fail."""

    def __init__(
        self,
        payments: Renewals,
        ledger: Ledger,
        messages: BySegment[RenewalMessages],
        senders: Mapping[Channel, Sender],
        clock: Callable[[], datetime],
        situations: Situations,
        words: BySegment[RequiredWords],
        meter: Meter = NO_METER,
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._messages = messages
        self._senders = senders
        self._clock = clock
        self._situations = situations
        self._words = words
        self._meter = meter

    @activity.defn(name="renewal_notice", no_thread_cancel_exception=True)
    def notice(self, task: NoticeTask) -> NoticeOutcome:
        """Sends what is due to be said before the renewal, at most one message, or says when to look again.

        Card, amount and date are read from the payment provider right before. Nothing is said when that has come in
        order meanwhile, to who has a case open, where the person wants or may get nothing, and after the charge. A
        message whose fate is unknown is looked up; where that is impossible it is not sent again.
        """
        with translated(task, misuse_passes=True):
            renewal = task.renewal
            policy = self._situations.policy(renewal.policy.digest)
            with_last = policy.renewals.price_changes is not None
            found = self._payments.read_renewal(renewal.subscription_id, with_last=with_last)
            if found is None:
                return NoticeOutcome(why="the subscription will not renew")
            if _id(found) != renewal_id(renewal.subscription_id, renewal.renews_at):
                return NoticeOutcome(why="the renewal is over, or on another day")
            if found.customer:
                self._ledger.customer_is(found.customer)
            due, why = told(found.now, policy.renewals)
            left = [one for one in due if not self._is_done(task, one.notice)]
            if not left:
                return NoticeOutcome(why=why or "all is said")
            around = self._situations.around(renewal.customer_id, policy, Anywhere(renewal.anywhere), task.as_of)
            times = {one.notice: notice_time(one.since, policy, around.zones[0]) for one in left}
            unsaid: list[NoticeOutcome] = []
            for one in sorted(left, key=lambda one: times[one.notice]):
                if times[one.notice] > task.as_of:
                    outcome = self._later(found, times[one.notice], f"{one.notice.in_words}: it is said then")
                else:
                    outcome = self._say(task, one, found, policy, around)
                if outcome.said:
                    # Of one renewal nobody is told two things on one day.
                    return outcome.model_copy(update={"next_at": task.as_of + _A_DAY if len(left) > 1 else None})
                unsaid.append(outcome)
            later = [outcome for outcome in unsaid if outcome.next_at]
            if later:
                return min(later, key=lambda outcome: outcome.next_at or task.as_of)
            return NoticeOutcome(why="; ".join(dict.fromkeys(outcome.why for outcome in unsaid)))

    def _is_done(self, task: NoticeTask, notice: Notice) -> bool:
        row = self._ledger.notice(_key(task, notice))
        return row is not None and row.state in _DONE

    def _later(self, found: RenewalSnapshot, at: datetime, why: str) -> NoticeOutcome:
        if at >= found.now.charged_at:
            return NoticeOutcome(why=f"{why}, and the charge comes before that")
        return NoticeOutcome(why=why, next_at=at)

    def _say(
        self, task: NoticeTask, one: Told, found: RenewalSnapshot, policy: Policy, around: Around
    ) -> NoticeOutcome:
        messages = self._messages.of(task.renewal.segment)
        channel, why = self._channel(task, one.notice, policy, around.closed | messages.closed, around.habits)
        if self._ledger.open_cases_of(task.renewal.customer_id):
            why = "the customer has a case open: that is the conversation"
        if why:
            return self._left_out(task, one.notice, channel, why)
        protected = ask_protected(around.protections, Aim.SAY, task.as_of)
        hours = ask_hours(policy, around.law, channel, around.zones, around.holidays, task.as_of)
        if isinstance(answer := strictest((protected, hours)), Postpone):
            self._meter.postponed(answer.rule)
            return self._later(found, answer.until, answer.why)
        address = self._ledger.recipient(task.renewal.customer_id).address
        day = local(task.as_of, around.zones[0]).date()
        key = _key(task, one.notice)
        charged_on = local(found.now.charged_at, around.zones[0]).date()
        message = messages.render(channel, one.notice, found, address, charged_on, key)
        if message is None:
            return self._left_out(task, one.notice, channel, "brand.yaml names no page for it (account)")
        rows = lawful_words(around.law, channel, day) if around.law.rules else ()
        words = self._words.of(task.renewal.segment)
        message, named = words.complete(channel, message, address.language, found.now.amount, wanted(rows))
        if isinstance(unlawful := strictest(row.ask(named) for row in rows), Refuse):
            self._meter.refused(unlawful.rule)
            return self._left_out(task, one.notice, channel, unlawful.why, unlawful.rule)
        caps = notice_caps(policy, around.law, channel, around.zones, task.as_of, found.now.charged_at)
        row = self._row(task, one.notice, channel, message, address)
        before = self._ledger.notice(key)
        reserved = self._ledger.begin_notice(row, address, caps)
        match reserved:
            case Postpone():
                self._meter.postponed(reserved.rule)
                return self._later(found, reserved.until, reserved.why)
            case Refuse():
                return self._left_out(task, one.notice, channel, reserved.why, reserved.rule)
        if reserved.ours:
            sent = self._send(task, one.notice, channel, address, message)
            again = before is not None and before.state == _REFUSED
            return sent if sent.said else self._elsewhere(task, one.notice, policy, channel, sent, again=again)
        return self._look_up(one.notice, address, reserved.row)

    def _channel(
        self, task: NoticeTask, notice: Notice, policy: Policy, closed: dict[Channel, str], habits: Habits
    ) -> tuple[Channel, str]:
        """The channel by the policy's wish, or what is open in its place; and why none is, else nothing. One that was
        begun keeps its own."""
        begun = self._ledger.notice(_key(task, notice))
        if begun and begun.state == "sending":
            return begun.channel, ""
        address = self._ledger.recipient(task.renewal.customer_id).address
        if begun and begun.state == _REFUSED and begun.address == address.place(begun.channel):
            closed = {begun.channel: begun.why, **closed}
        wanted = policy.renewals.channel or best_channel(policy.contacts.order, habits, closed)
        channel = open_channel(wanted, closed, policy.contacts.fallback, habits.agreed)
        if channel is Channel.LETTER:
            return channel, "it cannot wait for the post"
        return channel, closed.get(channel, "")

    def _elsewhere(
        self, task: NoticeTask, notice: Notice, policy: Policy, tried: Channel, unsent: NoticeOutcome, *, again: bool
    ) -> NoticeOutcome:
        """It was not taken there: it goes another way at once, where there is one. `again`: nor on another channel
        before. Where neither address is closed by it, as what refuses is about the merchant's account, that is enough.
        """
        around = self._situations.around(task.renewal.customer_id, policy, Anywhere(task.renewal.anywhere), task.as_of)
        closed = around.closed | self._messages.of(task.renewal.segment).closed
        if again and tried not in closed:
            return unsent
        channel, why = self._channel(task, notice, policy, closed, around.habits)
        return unsent if why or channel is tried else unsent.model_copy(update={"next_at": task.as_of})

    def _look_up(self, notice: Notice, address: Address, row: NoticeRow) -> NoticeOutcome:
        """What became of a message that an earlier run began."""
        if row.state in _DONE:
            return NoticeOutcome(said=notice, why="it was said already")
        field = FIELDS.get(row.channel)
        as_it_was = address.model_copy(update={field: row.address} if field else {})
        written = Rendered(subject=row.subject, text=row.text)
        try:
            sent = self._sender(row.channel).find(as_it_was, written, row.key, row.started_at)
        except LookupImpossible:
            self._finish(
                row.channel, row.key, "unknown", None, "it may have been sent before a crash; it is not sent twice"
            )
            return NoticeOutcome(said=notice, why="it may have been sent before a crash; it is not sent twice")
        if sent is None:
            self._finish(row.channel, row.key, "failed", None, "the provider knows nothing of the earlier try")
            raise ProviderTrouble("The earlier try of this notice was not taken: it is made anew.")
        self._finish(row.channel, row.key, "sent", sent.provider_id, "")
        return NoticeOutcome(said=notice, why="it was sent before a crash")

    def _send(
        self, task: NoticeTask, notice: Notice, channel: Channel, address: Address, message: Rendered
    ) -> NoticeOutcome:
        key = _key(task, notice)
        try:
            sent = self._sender(channel).send(address, message, key)
        except Unreachable as error:
            self._close(task, channel, address, error, key)
            self._finish(channel, key, _REFUSED, None, str(error), error.rule)
            return NoticeOutcome(why=str(error))
        except ProviderTrouble as error:
            if error.not_executed:
                self._finish(channel, key, "failed", None, "the provider did not take it; it is tried again")
            raise
        except ProviderMisuse:
            self._finish(channel, key, "failed", None, "the provider refused the request; an operator has to look")
            raise
        self._finish(channel, key, "sent", sent.provider_id, "")
        return NoticeOutcome(said=notice, why=f"{notice.in_words}: told by {CHANNEL_NAMES[channel]}")

    def _sender(self, channel: Channel) -> Sender:
        if sender := self._senders.get(channel):
            return sender
        raise ProviderTrouble(f"The channel ({CHANNEL_NAMES[channel]}) is not set up where the notice was to be sent.")

    def _finish(
        self, channel: Channel, key: str, state: str, provider_id: str | None, why: str, rule: str | None = None
    ) -> None:
        self._ledger.finish_notice(key, state, provider_id, why, rule)
        self._meter.contacted(channel, state)

    def _left_out(
        self, task: NoticeTask, notice: Notice, channel: Channel, why: str, rule: str | None = None
    ) -> NoticeOutcome:
        row = self._row(task, notice, channel, Rendered(text=""), None)
        self._ledger.leave_out(row.model_copy(update={"state": "left_out", "why": why, "rule": rule}))
        return NoticeOutcome(why=why)

    def _close(self, task: NoticeTask, channel: Channel, address: Address, error: Unreachable, key: str) -> None:
        """The address is closed to all who have it, unless a setting for its country may open it again."""
        place = address.key(channel)
        if place is None or error.about is About.COUNTRY:
            return
        wish = error.about is About.WISH
        self._ledger.close_channel(
            Closure(
                customer_id=task.renewal.customer_id,
                channel=channel,
                address=place,
                why=str(error),
                wish=wish,
                event_id=f"{key}:{place[:16]}",
                at=self._clock(),
                source=told_by_provider(channel, wish=wish),
            )
        )

    def _row(
        self, task: NoticeTask, notice: Notice, channel: Channel, message: Rendered, address: Address | None
    ) -> NoticeRow:
        renewal = task.renewal
        return NoticeRow(
            key=_key(task, notice),
            customer_id=renewal.customer_id,
            subscription_id=renewal.subscription_id,
            notice=notice,
            renews_at=renewal.renews_at,
            segment=renewal.segment,
            policy=str(renewal.policy),
            channel=channel,
            state="sending",
            as_of=task.as_of,
            started_at=self._clock(),
            subject=message.subject,
            text=message.text,
            html=message.html or None,
            address=address.place(channel) if address else None,
        )


def _key(task: NoticeTask, notice: Notice) -> str:
    return notice_key(task.renewal.subscription_id, task.renewal.renews_at, notice)


def _id(found: RenewalSnapshot) -> str:
    return renewal_id(found.subscription_id, found.now.renews_at)
