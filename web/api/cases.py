"""Cases: listed, read, opened and reported on."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from service.cases import CasePage
from service.keys import Scope
from service.office import Office
from service.reading import Shown
from web.api import shapes
from web.api.route import ApiRoute, takes

READERS = takes(Scope.BILLING, Scope.OPERATOR, Scope.AUDITOR)


def cases(office: Office) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", route_class=ApiRoute, tags=["cases"])

    @router.get("", summary="A page of cases, oldest first", openapi_extra=READERS)
    async def listed(
        status: Annotated[shapes.Status | None, Query(description="Only these.")] = None,
        customer: Annotated[str | None, Query(description="Only this customer's: Stripe's id.")] = None,
        owed_again: Annotated[bool, Query(description="Only those whose money was taken back since.")] = False,
        search: Annotated[
            str | None,
            Query(
                max_length=300,
                description=f"Only cases of customers with {shapes.SEARCHED}",
                examples=["ada@example.com"],
            ),
        ] = None,
        after: Annotated[str | None, Query(description="The `after` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> CasePage:
        return await office.cases(status, customer, after, limit, owed_again, search)

    @router.post("", summary="Open a case, or take in a Stripe event", openapi_extra=takes(Scope.BILLING))
    async def opened(record: Annotated[shapes.Record, Body()]) -> shapes.TakenAnswer:
        line = await office.take(record)
        return shapes.TakenAnswer(result=line.result, invoice_id=line.invoice_id, note=line.problem or line.note)

    @router.get("/{invoice}", summary="One case with its plan", openapi_extra=READERS)
    async def one(invoice: str, response: Response) -> shapes.CaseAnswer:
        return case_answer(await (await office.desk()).reader.read(invoice), response)

    @router.get("/{invoice}/record", summary="What was done, decided, postponed or refused", openapi_extra=READERS)
    async def record(invoice: str) -> shapes.RecordAnswer:
        entries = await office.record(invoice)
        return shapes.RecordAnswer(entries=[shapes.shown_as(shapes.RecordEntry, entry) for entry in entries])

    @router.get(
        "/{invoice}/messages",
        summary="Every message as the customer saw it (personal data)",
        openapi_extra=takes(Scope.OPERATOR, Scope.AUDITOR),
    )
    async def messages(invoice: str) -> shapes.MessagesAnswer:
        said = await office.messages(invoice)
        return shapes.MessagesAnswer(messages=[shapes.shown_as(shapes.MessageAnswer, one) for one in said])

    _reports(router, office)
    return router


def _reports(router: APIRouter, office: Office) -> None:
    reporters = takes(Scope.BILLING, Scope.OPERATOR)

    @router.post("/{invoice}/contact-reports", summary="What became of a contact", openapi_extra=reporters)
    async def contact(invoice: str, report: shapes.ContactReport) -> shapes.HeardAnswer:
        desk = await office.desk()
        heard = await desk.reports.contact(
            invoice, report.channel, report.result, report.event_id, address=report.address
        )
        return shapes.HeardAnswer(result=heard.value)

    @router.post("/{invoice}/agency-reports", summary="What the collections agency says", openapi_extra=reporters)
    async def agency(invoice: str, report: shapes.AgencyReportBody) -> shapes.HeardAnswer:
        desk = await office.desk()
        await desk.reports.agency(invoice, report.report, report.event_id, report.amount, report.currency)
        return shapes.HeardAnswer(result="told")


def case_answer(shown: Shown, response: Response) -> shapes.CaseAnswer:
    """The case as it is answered with. Its version is the answer's ETag, where the workflow tells it."""
    if shown.view:
        response.headers["ETag"] = f'"{shown.view.version}"'
    told = shown.view or shown.row
    return shapes.CaseAnswer(
        invoice_id=shown.invoice_id,
        case=told.model_dump(mode="json") if told else {},
        plan=[shapes.shown_as(shapes.PlannedStep, step) for step in shown.plan],
        in_hand=shown.in_hand,
        why=shown.why,
    )
