"""Customers: listed, searched and read, and what they have opted in to and out of."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from domain.steps import Channel
from domain.texts import Printable
from service.consents import ConsentFile, Consents, Wish
from service.directory import CustomerFile, Reach
from service.keys import Scope
from service.office import Office
from service.ways import Ways, WaysChange, WaysKnown
from web.api import customer_shapes as shapes
from web.api.route import ApiRoute, caller_of, takes
from web.api.shapes import SEARCHED

_STATED = {"customer_id", "country", "region", "language", "time_zone", "segment", "preferred_channel"}
_READERS = takes(Scope.OPERATOR, Scope.AUDITOR)


def customers(office: Office, consents: Consents, ways: Ways) -> APIRouter:
    router = APIRouter(prefix="/v1/customers", route_class=ApiRoute, tags=["customers"])

    @router.get("", summary="A page of customers, by their ids", openapi_extra=_READERS)
    async def listed(
        request: Request,
        search: Annotated[
            str | None,
            Query(max_length=300, description=f"Only those with {SEARCHED}", examples=["ada@example.com"]),
        ] = None,
        after: Annotated[
            str | None, Query(max_length=255, description="The `after` of the page before."), Printable
        ] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> shapes.CustomersAnswer:
        page = await office.customers(search, after, limit)
        personal = _sees_persons(request)
        lines = [
            shapes.CustomerLine(
                **one.customer.model_dump(include={"customer_id", "country", "region", "language"}),
                name=one.customer.name if personal else None,
                open_cases=one.open_cases,
                due=list(one.due),
            )
            for one in page.customers
        ]
        return shapes.CustomersAnswer(customers=lines, after=page.after)

    @router.get(
        "/{customer}",
        summary="One customer: open cases, what is due, addresses, contacts, answers",
        openapi_extra=_READERS,
    )
    async def one(customer: shapes.CustomerId, request: Request) -> shapes.CustomerAnswer:
        return _answer(await office.customer(customer), personal=_sees_persons(request))

    @router.patch(
        "/{customer}",
        summary="Say how the customer wants to be reached; with or without a case",
        description="It stands until you say something else, or the customer's metadata at the payment provider does. "
        "Every case reads it at its next decision, and open ones are told of a new LINE user id.",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR),
    )
    async def changed(customer: shapes.CustomerId, change: WaysChange) -> WaysKnown:
        return await ways.change(customer, change)

    _consents(router, consents)
    return router


def _consents(router: APIRouter, consents: Consents) -> None:
    @router.get(
        "/{customer}/consents",
        summary="What the customer has opted in to and out of, with its proof",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR, Scope.AUDITOR),
    )
    async def read(customer: shapes.CustomerId) -> shapes.ConsentsAnswer:
        return _consented(await consents.of(customer))

    @router.put(
        "/{customer}/consents/{channel}",
        summary="Say that the customer opts in or out; with or without a case",
        description="An opt-out closes the channel for the person at once, and every open case is told. An opt-in "
        "takes back earlier opt-outs, but no bounce, and no STOP: that only the customer's own START does.",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR),
    )
    async def say(customer: shapes.CustomerId, channel: Channel, order: shapes.ConsentOrder) -> shapes.ConsentsAnswer:
        wanted = order.wish is Wish.OPTED_IN
        said = await consents.say(
            customer, channel, order.event_id, order.at, order.proof, wanted=wanted, purpose=order.purpose
        )
        return _consented(said)


def _sees_persons(request: Request) -> bool:
    """Auditors see what was said and done, and no name or address."""
    return caller_of(request).scope is not Scope.AUDITOR


def _consented(found: ConsentFile) -> shapes.ConsentsAnswer:
    return shapes.ConsentsAnswer.model_validate(found.model_dump())


def _answer(found: CustomerFile, *, personal: bool) -> shapes.CustomerAnswer:
    stated = found.customer.model_dump(include=_STATED)
    return shapes.CustomerAnswer(
        **stated,
        name=found.customer.name if personal else None,
        time_zones=list(found.time_zones),
        call_hours=list(found.call_hours) or None,
        open_cases=[
            shapes.OpenCase(
                **case.model_dump(include={"invoice_id", "status", "opened_at", "policy", "hold", "next_step"}),
                number=case.invoice_number,
                due=case.remaining,
                next_step_at=case.next_at,
            )
            for case in found.open_cases
        ],
        due=list(found.due),
        addresses=[_address(one, personal=personal) for one in found.reach],
        contacts=[shapes.ContactLine(**one.model_dump()) for one in found.contacts],
        caps=[shapes.CapAnswer(**one.model_dump()) for one in found.room],
        replies=[
            shapes.ReplyLine(reply=one.event_id, at=one.at, channel=one.channel, text=one.text) for one in found.replies
        ],
    )


def _address(reach: Reach, *, personal: bool) -> shapes.AddressAnswer:
    state = "closed" if reach.why_closed else "open"
    closed_by = [
        shapes.ClosedBy(evidence=one.event_id, **one.model_dump(exclude={"event_id"})) for one in reach.closed_by
    ]
    return shapes.AddressAnswer(
        channel=reach.channel,
        state=state if reach.is_known else "missing",
        address=reach.address if personal else None,
        why=reach.why_closed,
        closed_by=closed_by,
    )
