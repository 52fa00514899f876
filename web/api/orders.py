"""Orders: about one case, and about the channels of one customer."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from domain import events
from domain.steps import Channel
from service.keys import Scope
from service.office import Office
from web.api import shapes
from web.api.cases import case_answer
from web.api.route import ApiRoute, caller_of, once_of, takes

IfMatch = Annotated[
    str,
    Header(
        max_length=100,
        description="The `ETag` with which the case was read: the order is refused (412) when it changed since.",
    ),
]
_ANY = "*"


def orders(office: Office) -> APIRouter:
    router = APIRouter(prefix="/v1/cases/{invoice}", route_class=ApiRoute, tags=["orders"])
    operators = takes(Scope.OPERATOR)

    async def ordered(
        invoice: str, name: str, order: events.Order, request: Request, response: Response
    ) -> shapes.CaseAnswer:
        desk = await office.desk()
        view = await desk.orders.give(invoice, name, order, once_of(request))
        return case_answer(desk.reader.around(view), response)

    def plain(path: str, name: str, form: type[events.Order], summary: str) -> None:
        """An order that says nothing but its remark."""

        async def give(
            invoice: str, order: shapes.NoteOrder, request: Request, response: Response, if_match: IfMatch = _ANY
        ) -> shapes.CaseAnswer:
            return await ordered(invoice, name, form(note=order.note, **_given(request, if_match)), request, response)

        router.add_api_route(path, give, methods=["POST"], summary=summary, name=name, openapi_extra=operators)

    plain("/resume", "resume", events.Resume, "End a pause, or a wait for an operator")
    plain("/retry-now", "retry_now", events.RetryNow, "Charge once more, as soon as every rule allows it")
    plain("/hand-off", "hand_off", events.HandOff, "The announced end is a handoff, whatever is due")
    plain("/recall", "recall", events.Recall, "Take the case back from the agency")
    plain("/write-off", "write_off", events.WriteOff, "End: the debt is given up")

    @router.post("/pause", summary="Stand still until resumed", openapi_extra=operators)
    async def pause(
        invoice: str, order: shapes.PauseOrder, request: Request, response: Response, if_match: IfMatch = _ANY
    ) -> shapes.CaseAnswer:
        given = events.Pause(note=order.note, until=order.until, **_given(request, if_match))
        return await ordered(invoice, "pause", given, request, response)

    @router.post("/skip", summary="Leave out what comes next", openapi_extra=operators)
    async def skip(
        invoice: str, order: shapes.SkipOrder, request: Request, response: Response, if_match: IfMatch = _ANY
    ) -> shapes.CaseAnswer:
        given = events.Skip(step=order.step, note=order.note, **_given(request, if_match))
        return await ordered(invoice, "skip", given, request, response)

    @router.post("/settle", summary="End: the debt is settled for an amount", openapi_extra=operators)
    async def settle(
        invoice: str, order: shapes.SettleOrder, request: Request, response: Response, if_match: IfMatch = _ANY
    ) -> shapes.CaseAnswer:
        given = events.Settle(amount=order.amount, paid=order.paid, note=order.note, **_given(request, if_match))
        return await ordered(invoice, "settle", given, request, response)

    return router


def channels(office: Office) -> APIRouter:
    router = APIRouter(prefix="/v1/customers/{customer}/channels/{channel}", route_class=ApiRoute, tags=["orders"])
    operators = takes(Scope.OPERATOR)

    @router.post("/open", summary="Contact the customer there again", openapi_extra=operators)
    async def opened(
        customer: str, channel: Channel, order: shapes.OpenOrder, request: Request
    ) -> shapes.ChannelAnswer:
        given = events.ReopenChannel(channel=channel, note=order.note, by=caller_of(request).name)
        await (await office.desk()).channels.reopen(customer, channel, given, asked=order.asked)
        return await _now(customer)

    @router.post("/close", summary="The customer wants no contact there", openapi_extra=operators)
    async def closed(customer: str, channel: Channel, order: shapes.CloseOrder) -> shapes.ChannelAnswer:
        await (await office.desk()).channels.close(customer, channel, order.event_id)
        return await _now(customer)

    async def _now(customer: str) -> shapes.ChannelAnswer:
        return shapes.ChannelAnswer(customer_id=customer, closed_channels=await office.closed_channels(customer))

    return router


def _given(request: Request, if_match: str) -> dict[str, Any]:
    """Who orders, and about which version of the case."""
    version = "" if if_match.strip() == _ANY else if_match.strip().removeprefix("W/").strip('"')
    return {"by": caller_of(request).name, "expects": version[:64]}
