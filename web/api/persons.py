"""One customer's data: all of it to read, and its erasure."""

from fastapi import APIRouter

from domain.base import Frozen
from service.keys import Scope
from service.persons import PersonFile, Persons
from service.threads import Threads
from web.api.customer_shapes import CustomerId
from web.api.route import ON_RECORD, ApiRoute, takes


class ErasedAnswer(Frozen):
    """What identified the customer is in the ledger no more."""

    customer_id: str
    erased: bool = True


def persons(book: Persons, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1/customers/{customer}", route_class=ApiRoute, tags=["customers"])

    @router.get(
        "/data",
        summary="All that is held of the customer, table by table (personal data)",
        description="docs/personal-data.md has what is in it. That it was read stands in the audit.",
        openapi_extra=takes(Scope.PRIVACY) | ON_RECORD,
    )
    async def data(customer: CustomerId) -> PersonFile:
        return await threads.run(book.export, customer)

    @router.post(
        "/erasure",
        summary="Remove what identifies the customer, for ever",
        description="Refused while a case is open, news of the customer waits, or the law wants records to be kept: "
        "the answer says until when and by which rule. What was paid stays without the person, and an address that "
        "wanted nothing stays closed. Asked again, it changes nothing.",
        openapi_extra=takes(Scope.PRIVACY),
    )
    async def erasure(customer: CustomerId) -> ErasedAnswer:
        await threads.run(book.erase, customer)
        return ErasedAnswer(customer_id=customer)

    return router
