"""Endpoints: where events are sent, whether they take them, and what is still on its way."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from service.endpoints import Endpoints, Shown, Trial
from service.keys import Scope
from service.threads import Threads
from web.api import endpoint_shapes as shapes
from web.api.route import ApiRoute, takes

_WRITERS = takes()
_READERS = takes(Scope.OPERATOR, Scope.AUDITOR)


def endpoints(book: Endpoints, trial: Trial, threads: Threads) -> APIRouter:
    router = APIRouter(prefix="/v1/endpoints", route_class=ApiRoute, tags=["endpoints"])

    @router.get("", summary="Every endpoint, and whether it works", openapi_extra=_READERS)
    async def listed() -> shapes.EndpointsAnswer:
        return shapes.EndpointsAnswer(endpoints=[_answer(one) for one in await threads.run(book.all)])

    @router.post(
        "",
        status_code=HTTPStatus.CREATED,
        summary="Add an endpoint; its secret is shown once",
        openapi_extra=_WRITERS,
    )
    async def added(order: shapes.EndpointOrder, response: Response) -> shapes.SecretAnswer:
        endpoint_id, secret = await threads.run(book.add, order.url, order.types)
        return _secret(endpoint_id, secret, response)

    @router.get("/{endpoint}", summary="One endpoint", openapi_extra=_READERS)
    async def one(endpoint: shapes.EndpointId) -> shapes.EndpointAnswer:
        return _answer(await threads.run(book.one, endpoint))

    @router.patch("/{endpoint}", summary="Another address, or other types", openapi_extra=_WRITERS)
    async def changed(endpoint: shapes.EndpointId, change: shapes.EndpointChange) -> shapes.EndpointAnswer:
        return _answer(await threads.run(book.change, endpoint, change.url, change.types))

    @router.delete(
        "/{endpoint}",
        status_code=HTTPStatus.NO_CONTENT,
        summary="Send nothing there any more",
        openapi_extra=_WRITERS,
    )
    async def removed(endpoint: shapes.EndpointId) -> Response:
        await threads.run(book.remove, endpoint)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    _orders(router, book, trial, threads)
    return router


def _orders(router: APIRouter, book: Endpoints, trial: Trial, threads: Threads) -> None:
    @router.post("/{endpoint}/rotate", summary="A new secret, shown once", openapi_extra=_WRITERS)
    async def rotated(
        endpoint: shapes.EndpointId, order: shapes.RotateOrder, response: Response
    ) -> shapes.SecretAnswer:
        secret = await threads.run(book.rotate, endpoint, timedelta(hours=order.grace_hours))
        return _secret(endpoint, secret, response)

    @router.post("/{endpoint}/enable", summary="Send what happens from now on there again", openapi_extra=_WRITERS)
    async def enabled(endpoint: shapes.EndpointId) -> shapes.EndpointAnswer:
        return _answer(await threads.run(book.enable, endpoint))

    @router.post(
        "/{endpoint}/disable",
        summary="Send nothing there; what waits is given up",
        openapi_extra=_WRITERS,
    )
    async def disabled(endpoint: shapes.EndpointId) -> shapes.EndpointAnswer:
        return _answer(await threads.run(book.disable, endpoint))

    @router.post(
        "/{endpoint}/replay",
        summary="Send all that happened since then once more, and enable the endpoint",
        openapi_extra=_WRITERS,
    )
    async def replayed(endpoint: shapes.EndpointId, order: shapes.ReplayOrder) -> shapes.ReplayAnswer:
        sent = await threads.run(book.replay, endpoint, order.since)
        return shapes.ReplayAnswer(endpoint_id=endpoint, sent_again=sent)

    @router.post("/{endpoint}/test", summary="Send one event that tells of nothing, now", openapi_extra=_WRITERS)
    async def tried(endpoint: shapes.EndpointId) -> shapes.TrialAnswer:
        answer = await trial.send(endpoint)
        return shapes.TrialAnswer(endpoint_id=endpoint, taken=answer.taken, why=answer.why)

    @router.get("/{endpoint}/deliveries", summary="What was sent there, oldest first", openapi_extra=_READERS)
    async def deliveries(
        endpoint: shapes.EndpointId,
        state: Annotated[Literal["waiting", "done", "given_up"] | None, Query(description="Only these.")] = None,
        after: Annotated[int, Query(ge=0, le=2**62, description="The `after` of the page before.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> shapes.DeliveriesAnswer:
        found, more = await threads.run(book.deliveries, endpoint, state, after, limit)
        return shapes.DeliveriesAnswer(
            deliveries=[shapes.DeliveryLine(**one.model_dump()) for one in found], after=more
        )


def _secret(endpoint_id: str, secret: str, response: Response) -> shapes.SecretAnswer:
    response.headers["Cache-Control"] = "no-store"
    return shapes.SecretAnswer(endpoint_id=endpoint_id, secret=secret)


def _answer(shown: Shown) -> shapes.EndpointAnswer:
    state = "disabled" if shown.disabled_at else "fails" if shown.failing_since else "works"
    return shapes.EndpointAnswer(state=state, **shown.model_dump())
