"""Renewals that the payment provider announces: whether anything is to be said before them, and who says it."""

from collections.abc import Callable
from datetime import datetime

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.case import PolicyRef
from domain.ids import renewal_id
from domain.policy import Policy
from domain.renewal import Renewal, told
from gateways.customer_rows import merged, statement
from gateways.places import everywhere
from gateways.policy_files import PolicyStore, policy_digest
from gateways.ports.ledger import Ledger
from gateways.ports.renewals import Renewals
from gateways.ports.rows import CustomerRow
from gateways.provider_facts import RenewalComing
from service.opening import Receipt, Taken
from service.threads import Threads
from workflows.renewal import RenewalWorkflow


class RenewalDesk:
    """Starts the workflow of a renewal's notices, at most one for each renewal.

    Raises PolicyError, ProviderMisuse, ProviderTrouble, or RPCError when Temporal does not answer; the same may then be
    given again.
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        ledger: Ledger,
        payments: Renewals,
        policies: PolicyStore,
        clock: Callable[[], datetime],
        threads: Threads,
    ) -> None:
        self._client = client
        self._task_queue = task_queue
        self._ledger = ledger
        self._payments = payments
        self._policies = policies
        self._clock = clock
        self._threads = threads

    async def take(self, fact: RenewalComing) -> Receipt:
        """What becomes of the announcement, and why."""
        found = await self._threads.run(self._renewal, fact)
        if isinstance(found, str):
            return Receipt(Taken.IGNORED, note=found)
        renewal, what = found
        try:
            await self._client.start_workflow(
                RenewalWorkflow.run,
                renewal,
                id=renewal_id(renewal.subscription_id, renewal.renews_at),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"before the renewal on {renewal.renews_at:%Y-%m-%d}: {what}",
            )
        except WorkflowAlreadyStartedError:
            return Receipt(Taken.EXISTS, note="the notices of this renewal are planned already")
        return Receipt(Taken.NOTICE, note=f"{what}, before the renewal on {renewal.renews_at:%Y-%m-%d}")

    def _renewal(self, fact: RenewalComing) -> tuple[Renewal, str] | str:
        """The renewal, and what is to be said before it; or why nothing follows."""
        wanted = [policy.renewals for policy in self._policies.policies if policy.renewals.on]
        if not wanted:
            return "no policy has notices before a renewal"  # nothing is asked of the provider
        if fact.renews_at <= self._clock():
            return "the renewal is over"
        if self._ledger.open_cases_of(fact.customer_id):
            return "the customer has a case open: that is the conversation"
        found = self._payments.read_renewal(fact.subscription_id, with_last=any(one.price_changes for one in wanted))
        if found is None:
            return "the subscription will not renew"
        stated = found.customer or CustomerRow(customer_id=found.customer_id)
        customer = merged(CustomerRow(customer_id=found.customer_id), stated)
        policy = self._policies.for_segment(customer.segment)
        due, why = told(found.now, policy.renewals)
        if not due:
            return why
        self._ledger.customer_met(customer.model_copy(update={"stated": statement(stated)}))
        digest = policy_digest(policy)
        self._ledger.keep_policy(digest, policy.name, policy.version, policy.model_dump_json())
        renewal = Renewal(
            subscription_id=found.subscription_id,
            customer_id=found.customer_id,
            renews_at=found.now.renews_at,
            policy=PolicyRef(name=policy.name, version=policy.version, digest=digest),
            segment=customer.segment,
            anywhere=self._anywhere(policy),
        )
        return renewal, " and ".join(one.notice.in_words for one in due)

    def _anywhere(self, policy: Policy) -> tuple[str, ...]:
        return everywhere(policy.default_time_zone, policy.sells_in, self._clock().date())
