"""The terms: read by whoever signs somebody up, and the customers who have agreed to them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, ConfigDict, Field

from domain.base import Frozen
from domain.moments import Moment
from domain.terms import Acceptance, Terms, TermsText
from domain.texts import one_line
from service.keys import Scope
from service.terms import AcceptanceFile, Offer, TermsDesk
from web.api.customer_shapes import CustomerId
from web.api.route import ApiRoute, caller_of, takes
from web.api.shapes import EventId, shown_as

_READERS = takes(Scope.BILLING, Scope.OPERATOR, Scope.AUDITOR)
_NAME = "^[0-9a-f]{16}$"
Language = Annotated[
    str,
    Query(
        max_length=200,
        description="As in `Accept-Language`, the best first. The first that is there; else the merchant's.",
        examples=["fr-CA, en"],
    ),
]
Version = Annotated[str, Path(pattern=_NAME, description="The `version` of terms that were read.")]


def _line(text: str) -> str:
    if not (line := one_line(text)):
        raise ValueError("it is empty")
    return line


class TermsAnswer(Frozen):
    """Terms in one language: as data, and in sentences to be shown as they stand."""

    version: str = Field(description="What a customer agrees to. It changes when anything changes that can be read.")
    since: datetime = Field(description="When this version was first there.")
    in_force: bool
    language: str = Field(description="Of the text.")
    languages: list[str] = Field(description="In which this version can be read.")
    link: str | None = Field(description="To the page of this version; null without `WEB_PUBLIC_URL`.")
    terms: Terms = Field(
        description="`collected`: of payments that are taken from the payment method on file; `sent`: of invoices that "
        "are sent to be paid by a day. Null: there are none. Days are counted from the failed payment or the due date."
    )
    text: TermsText


class AcceptanceOrder(Frozen):
    """What a customer has agreed to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_id": "sign-up-8812",
                    "version": "0f6c2a9b7d315e84",
                    "language": "en",
                    "where": "sign-up page, order 8812",
                }
            ]
        }
    )

    event_id: EventId
    version: str = Field(pattern=_NAME, description="Of the terms that were shown.")
    language: str = Field(max_length=35, description="In which they were shown.")
    at: Moment | None = Field(default=None, description="When the customer agreed; without it: now.")
    where: Annotated[str, AfterValidator(_line)] = Field(
        min_length=1,
        max_length=500,
        description="Where they did, so that you find it again: the page, form or contract. No personal data.",
    )


class AcceptancesAnswer(Frozen):
    """All that the customer has agreed to."""

    customer_id: str
    acceptances: list[Acceptance] = Field(description="Oldest first.")


def terms(desk: TermsDesk) -> APIRouter:
    router = APIRouter(prefix="/v1/terms", route_class=ApiRoute, tags=["terms"])

    @router.get("", summary="The terms in force for a segment", openapi_extra=_READERS)
    async def offered(
        segment: Annotated[str, Query(max_length=200, description="As policies name it.")] = "any",
        language: Language = "",
    ) -> TermsAnswer:
        return _terms(await desk.offered(segment, language))

    @router.get("/{version}", summary="A version of the terms as it was, in force or not", openapi_extra=_READERS)
    async def version(version: Version, language: Language = "") -> TermsAnswer:
        return _terms(await desk.version(version, language))

    return router


def acceptances(desk: TermsDesk) -> APIRouter:
    router = APIRouter(prefix="/v1/customers/{customer}/acceptances", route_class=ApiRoute, tags=["customers"])

    @router.get("", summary="Which terms the customer has agreed to, when and where", openapi_extra=_READERS)
    async def accepted(customer: CustomerId) -> AcceptancesAnswer:
        return _accepted(await desk.acceptances(customer))

    @router.post(
        "",
        summary="Say that the customer agrees to a version of the terms; with or without a case",
        description="It stays as it was said. From then on e-mails about unpaid invoices name the day, with a link to "
        "that version.",
        openapi_extra=takes(Scope.BILLING, Scope.OPERATOR),
    )
    async def agree(customer: CustomerId, order: AcceptanceOrder, request: Request) -> AcceptancesAnswer:
        said = order.event_id, order.version, order.language, order.at, order.where
        return _accepted(await desk.accept(customer, *said, by=caller_of(request).name))

    return router


def _terms(offer: Offer) -> TermsAnswer:
    return shown_as(TermsAnswer, offer)


def _accepted(found: AcceptanceFile) -> AcceptancesAnswer:
    return shown_as(AcceptancesAnswer, found)
