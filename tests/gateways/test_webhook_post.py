"""One event on its way to a merchant's endpoint, a real server on this machine."""

import base64
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateways.ports.outbox import Answer
from gateways.webhook_post import WebhookPost
from tests.receiver import Receiver, receiving, status

SECRET, OLD = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"n", b"o"))
BODY = '{"type":"case.opened"}'
SHORT = timedelta(seconds=0.3)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as here:
        yield here


def now() -> datetime:
    return datetime.now(UTC)


async def sent(url: str, *, private: bool = True, timeout: timedelta = timedelta(seconds=10), **post: object) -> Answer:
    sender = WebhookPost(timeout, now, private=private, **post)  # type: ignore[arg-type]
    answer = await sender.send(url, [SECRET, OLD], "msg_1", BODY)
    await sender.close()
    return answer


async def test_an_event_is_signed_with_every_secret_that_counts(receiver: Receiver) -> None:
    assert Answer(taken=True) == await sent(receiver.url)
    [got] = receiver.got

    assert ("POST /events HTTP/1.1", "msg_1", BODY.encode()) == (got.line, got.id, got.body)
    assert "application/json" == got.headers["content-type"]
    assert got.is_signed_with(SECRET)
    assert got.is_signed_with(OLD)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, code: int) -> None:
    async with receiving() as elsewhere:
        receiver.answers = [status(code, f"Location: {elsewhere.url}")]
        answer = await sent(receiver.url)

    assert Answer(taken=False, why=f"It answered {code}.") == answer
    assert 0 == elsewhere.connections


async def test_an_endpoint_says_that_it_is_gone_or_when_to_come_again(receiver: Receiver) -> None:
    receiver.answers = [status(410), status(429, "Retry-After: 120")]

    assert (await sent(receiver.url)).gone
    assert 120 == (await sent(receiver.url)).retry_after


async def test_an_endpoint_that_does_not_answer_is_left_after_a_while(receiver: Receiver) -> None:
    receiver.answers = [None]

    assert "did not answer within" in (await sent(receiver.url, timeout=SHORT)).why


async def test_an_endpoint_that_answers_a_letter_at_a_time_is_left_as_well(receiver: Receiver) -> None:
    """Each letter comes in time; the whole does not."""
    receiver.answers = [b"HTTP/1.1 200 OK\r\nX: "]
    receiver.endless = True

    answer = await sent(receiver.url, timeout=SHORT)
    assert not answer.taken


async def test_the_body_of_an_answer_is_not_read(receiver: Receiver) -> None:
    receiver.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"]
    receiver.endless = True

    assert (await sent(receiver.url)).taken
    assert receiver.wrote < 50_000_000  # what fits between two programs, of a thousand million


async def test_nobody_is_there() -> None:
    async with receiving() as receiver:
        url = receiver.url

    assert "cannot be reached" in (await sent(url)).why
    assert "cannot be found" in (await sent("https://nowhere.invalid/")).why


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "https://127.0.0.1:{}/", "https://localhost:{}/"])
async def test_this_machine_is_not_called_unless_a_setting_says_so(receiver: Receiver, url: str) -> None:
    answer = await sent(url.format(receiver.port), private=False)

    assert not answer.taken
    assert 0 == receiver.connections


async def test_a_name_that_leads_elsewhere_a_moment_later_leads_nobody_astray(receiver: Receiver) -> None:
    """It is looked up once, and the connection goes to the address that was checked."""
    looked_up = list[str]()

    async def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["203.0.113.1"]

    answer = await sent(f"http://merchant.invalid:{receiver.port}/events", resolve=rebinding)

    assert answer.taken
    assert ["merchant.invalid"] == looked_up
    assert f"merchant.invalid:{receiver.port}" == receiver.got[0].headers["host"]


def a_certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side, and the side of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))])
    today = now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=plain)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_the_certificate_has_to_be_the_names_though_the_address_is_called(tmp_path: Path) -> None:
    server, trusting = a_certificate(tmp_path, "merchant.invalid")

    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiving(server) as receiver:
        place = f"merchant.invalid:{receiver.port}"
        right = await sent(f"https://{place}/events", resolve=here, tls=trusting)
        wrong = await sent(f"https://other.{place}/events", resolve=here, tls=trusting)
        stranger = await sent(f"https://{place}/events", resolve=here)

    assert (True, False, False) == (right.taken, wrong.taken, stranger.taken)
    assert 1 == len(receiver.got)
