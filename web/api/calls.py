"""The queue of calls, for call-centre tools: listed, read, taken, given back, and what came of each."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from domain.base import Frozen
from domain.calls import CallResult
from domain.events import By
from domain.moments import Moment
from service.call_results import CallSaid
from service.calls import MOST, PAGE, CallLine, CallPage, Calls, CallSheet
from service.keys import Scope
from service.office import Office
from service.threads import Threads
from web.api.route import ApiRoute, takes

CallId = Annotated[str, Path(max_length=100, description="The call's id.")]


class TakeOrder(Frozen):
    """Who calls."""

    by: By = Field(min_length=1, description="A name, by which nobody else gives it back or says what came of it.")


class CallReport(Frozen):
    """What came of the call."""

    by: By = Field(min_length=1, description="Who has taken it.")
    result: CallResult
    on: date | None = Field(default=None, description="`promise`: the day by which it is paid, where the customer is.")
    amount: str | None = Field(
        default=None, max_length=40, description="`promise`: what is promised in major units (`19.99`), if not all."
    )
    at: Moment | None = Field(default=None, description="`call_back`: when the customer wants to be called again.")


def calls(queue: Calls, office: Office, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1/calls", route_class=ApiRoute, tags=["calls"])
    callers = takes(Scope.OPERATOR)

    @router.get(
        "",
        summary="A page of the calls that wait, those that may be made now first",
        openapi_extra=takes(Scope.OPERATOR, Scope.AUDITOR),
    )
    async def listed(
        now: Annotated[bool, Query(description="Only those that may be made at this hour.")] = False,
        over: Annotated[bool, Query(description="Those that are done, expired or withdrawn instead.")] = False,
        after: Annotated[str | None, Query(max_length=100, description="The `after` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
    ) -> CallPage:
        return await threads.run(_page, queue, over, now, after, limit)

    @router.get(
        "/{call}",
        summary="One call: who, when, what to say, and what was told before (personal data)",
        openapi_extra=callers,
    )
    async def one(call: CallId) -> CallSheet:
        return await threads.run(queue.sheet, call)

    @router.post(
        "/{call}/take",
        summary="Take a call: it is yours for half an hour, or until its hours are over",
        description="All is asked at this moment: whether it is paid, hours and caps of law and policy, what the "
        "customer wants, what protects them. Refused (409) it says why, and from when on. It counts as made unless "
        "it is given back. Taken again by the same person it is the same.",
        openapi_extra=callers,
    )
    async def take(call: CallId, order: TakeOrder) -> CallSheet:
        return await threads.run(queue.take, call, order.by)

    @router.post("/{call}/give-back", summary="No call was made: somebody else may take it", openapi_extra=callers)
    async def give_back(call: CallId, order: TakeOrder) -> CallLine:
        return await threads.run(queue.give_back, call, order.by)

    @router.post(
        "/{call}/result",
        summary="Say what came of the call that you have taken",
        description="Told to the case: a promise lets it stand still until that day is over, a wrong number gets "
        "neither calls nor texts, who wants no calls gets none. That it was paid counts when the money comes. The same "
        "result said twice counts once. It is heard also when the half hour is over, and somebody else has the call.",
        openapi_extra=callers,
    )
    async def result(call: CallId, report: CallReport) -> CallSaid:
        desk = await office.desk()
        return await desk.calls.say(call, report.by, report.result, on=report.on, amount=report.amount, at=report.at)

    return router


def _page(queue: Calls, over: bool, now: bool, after: str | None, limit: int) -> CallPage:
    return queue.page(over=over, now=now, after=after, limit=limit)
