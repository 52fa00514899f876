"""Cases that are over, as their last decision leaves them in the ledger, and what is said of them then."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain import closing_messages
from domain.agency import Handoff
from domain.case import Case, Closing, Facts, Outcome, PolicyRef, StepRecord, StepState
from domain.closed import Closings
from domain.closing_messages import ClosingOutcome, ClosingTask, Occasion
from domain.decisions import Close, Decision, Wait
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.kinds.message import MessageStep
from domain.money import Money
from domain.policy import Policy
from domain.projection import projection_of
from domain.steps import Access, Channel, Stage
from gateways.policy_files import policy_digest
from sandbox.providers.sendgrid import Email
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    STANDARD,
    OpenCase,
    Worker,
    a_charge,
    mails,
    usd,
)

AT = datetime(2026, 12, 1, 20, tzinfo=UTC)
"""A Tuesday, in the day's hours wherever in the United States somebody is."""
TOGETHER = STANDARD.jitter + closing_messages.TOGETHER
NIGHT = datetime(2026, 12, 2, 8, tzinfo=UTC)
A_STEP: dict[str, Any] = {"due": AT - timedelta(days=3), "day": 3}
A_MAIL = MessageStep(
    key="d3-mail", channel=Channel.EMAIL, stage=Stage.FRIENDLY, planned=AT - timedelta(days=3), **A_STEP
)
LIMITED = AccessStep(key="d10-restrict", access=Access.READ_ONLY, **A_STEP)
RESTORED = AccessStep(key="end-restore", access=Access.FULL, **A_STEP)
CANCELLED = CancelStep(key="d28-cancel", **A_STEP)


def ends(
    worker: Worker,
    case: OpenCase,
    outcome: Outcome | None = Outcome.RECOVERED,
    *steps: Any,
    closing: Closings = STANDARD.closing,
    at: datetime = AT,
    settled_for: Money | None = None,
    fallback: dict[Channel, Channel] | None = None,
    **fields: Any,
) -> None:
    """Leaves the case in the ledger as its last decision does. outcome: None: an agency has it."""
    contacts = STANDARD.contacts.model_copy(update={"fallback": fallback or STANDARD.contacts.fallback})
    policy: Policy = STANDARD.model_copy(update={"closing": closing, "contacts": contacts})
    digest = policy_digest(policy)
    worker.ledger.keep_policy(digest, policy.name, policy.version, policy.model_dump_json())
    why, done = "it is over", StepState.DONE
    ended = Case(
        facts=Facts(
            invoice_id=case.invoice_id,
            customer_id=case.customer_id,
            subscription_id=case.subscription_id,
            country="US",
            time_zones=("America/New_York",),
            amount=usd(1999),
            opened_at=AT - timedelta(days=14),
        ),
        policy=PolicyRef(name=policy.name, version=policy.version, digest=digest),
        due=usd(0),
        steps={step.key: StepRecord(step=step, state=done, at=step.due) for step in (A_MAIL, *steps)},
        closing=Closing(outcome=outcome, why=why, at=at, settled_for=settled_for) if outcome else None,
        closed=outcome is not None,
        handoff=None if outcome else Handoff(at=at, references=("a-1",)),
    ).but(**fields)
    decision: Decision = Close(outcome=outcome, why=why) if outcome else Wait(until=None, why=why)
    worker.ledger.decided(case.invoice_id, at, (), projection_of(ended, decision), ended.model_dump_json())


def pays(worker: Worker, *cases: OpenCase) -> None:
    for case in cases:
        worker.charge(a_charge(case))


def concluded(
    worker: Worker, case: OpenCase, at: datetime = AT, occasion: Occasion = Occasion.END, since: datetime = AT
) -> ClosingOutcome:
    task = {"invoice_id": case.invoice_id, "customer_id": case.customer_id, "occasion": occasion}
    return worker.conclude(ClosingTask(**task, since=since, as_of=at))


def thanks(world: ProviderWorld, case: OpenCase) -> list[Email]:
    return [mail for mail in mails(world, case) if ":closing-" in mail.custom_args["dunning_key"]]
