"""The body of a request, as far as it may be long, and as JSON that means something everywhere."""

import json
import re
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import Request

from domain.texts import UNKEPT, is_unkept
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


def json_body(raw: bytes, kind: str) -> Any:
    """What the JSON says. kind: its `Content-Type`. Raises Problem.

    Refused is also what is JSON for some and nothing for others: NaN, a number of thousands of digits, text with a
    NUL (PostgreSQL keeps none) or with half of a surrogate pair (it is no Unicode).
    """
    media = kind.partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/([\w.+-]+\+)?json", media):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as JSON, with Content-Type: application/json.")
    try:
        read = json.loads(raw.decode(), parse_constant=_no_number)
        unkept = is_unkept(read)
    except (ValueError, RecursionError):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not JSON, in UTF-8.") from None
    if unkept:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The body cannot be kept: {UNKEPT}.")
    return read


def _no_number(_: str) -> NoReturn:
    raise ValueError
