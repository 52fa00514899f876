"""The raw body of a request, as far as it may be long."""

from http import HTTPStatus

from fastapi import Request

from web.problems import Problem

LONGEST = 1_048_576
"""Bytes. Stripe's events have some ten thousand, SendGrid's batches up to a few hundred thousand."""


async def raw_body(request: Request) -> bytes:
    """Raises Problem for one that is too long; it is not read to its end then."""
    read, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LONGEST:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {LONGEST} bytes.")
        read.append(chunk)
    return b"".join(read)
