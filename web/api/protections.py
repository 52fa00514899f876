"""What protects customers as persons: read, set by the billing system or an operator, ended by an operator."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field

from domain.base import Frozen
from domain.events import Remark
from domain.moments import Moment
from domain.protection import Protected, Protection, SetBy
from service.keys import Scope
from service.protections import ProtectionFile, Protections
from web.api.customer_shapes import CustomerId
from web.api.route import ApiRoute, caller_of, takes
from web.api.shapes import EventId


class ProtectionOrder(Frozen):
    """What is known of the protection."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"event_id": "crm-2201", "note": "court file 36 IN 114/26"}]}
    )

    event_id: EventId
    since: Moment | None = Field(default=None, description="From when on it is known; without it: now.")
    until: Moment | None = Field(
        default=None, description="When it ends by itself; a breathing space needs it. Without it: when it is ended."
    )
    note: Remark = Field(default="", description="How you know. No personal data.")


class ProtectionsAnswer(Frozen):
    """What protects the person now, one of a kind, and all that was ever said."""

    customer_id: str
    standing: list[Protected]
    history: list[Protected] = Field(description="Oldest first.")


def protections(book: Protections) -> APIRouter:
    router = APIRouter(prefix="/v1/customers/{customer}/protections", route_class=ApiRoute, tags=["customers"])

    @router.get(
        "",
        summary="What protects the person from charges and contacts, with who said so",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR, Scope.AUDITOR),
    )
    async def protecting(customer: CustomerId) -> ProtectionsAnswer:
        return _answer(await book.of(customer))

    @router.put(
        "/{protection}",
        summary="Say that the person is protected; with or without a case",
        description="It holds at once, for all cases of the person and for those to come: nothing is charged, said, "
        "restricted, cancelled, handed over or given up, but by a human. Money that comes in is taken.",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR),
    )
    async def protect(
        customer: CustomerId, protection: Protection, order: ProtectionOrder, request: Request
    ) -> ProtectionsAnswer:
        caller = caller_of(request)
        said = await book.protect(
            customer,
            protection,
            order.event_id,
            since=order.since,
            until=order.until,
            source=SetBy.BILLING if caller.scope is Scope.BILLING else SetBy.OPERATOR,
            by=caller.name,
            note=order.note,
        )
        return _answer(said)

    @router.delete(
        "/{protection}",
        summary="End a protection: the person's cases go on",
        description="All that was said of this kind holds no more, and stays in the history.",
        openapi_extra=takes(Scope.OPERATOR),
    )
    async def unprotect(
        customer: CustomerId,
        protection: Protection,
        request: Request,
        note: Annotated[Remark, Query(description="Why; kept with it.")] = "",
    ) -> ProtectionsAnswer:
        return _answer(await book.unprotect(customer, protection, by=caller_of(request).name, note=note))

    return router


def _answer(found: ProtectionFile) -> ProtectionsAnswer:
    return ProtectionsAnswer.model_validate(found.model_dump())
