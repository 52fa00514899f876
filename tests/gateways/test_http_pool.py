"""How requests leave: directly or through the environment's proxy, and once."""

from datetime import timedelta

import pytest

from gateways.http_pool import HttpPool
from tests.sandbox.providers.receiver import Receiver

SOON = timedelta(seconds=2)


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_the_proxy_of_the_environment_is_used_and_logged_in_to(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The address of a proxy may hold a login, whose signs are quoted there."""
    with Receiver() as proxy:
        monkeypatch.setenv(name, proxy.url.replace("http://", "http://ada:a%40b@"))
        HttpPool("http://provider.example/v1", SOON).send("POST", "http://provider.example/v1/x", {}, b"{}")

    (request,) = proxy.requests
    assert ("http://provider.example/v1/x", "Basic YWRhOmFAYg==") == (
        request.path,
        request.headers["proxy-authorization"],
    )


def test_a_host_that_needs_no_proxy_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as provider:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        HttpPool(provider.url, SOON).send("POST", provider.url, {}, b"{}")

    assert ([], ["/hook"]) == (proxy.requests, [request.path for request in provider.requests])


@pytest.mark.parametrize("status", [302, 307, 503])
def test_a_request_goes_out_once(status: int) -> None:
    """Whatever is answered: to repeat it is for the caller to decide."""
    with Receiver(answers=[status]) as provider:
        answer = HttpPool(provider.url, SOON).send("POST", provider.url, {}, b"{}")

    assert (status, 1) == (answer.status, len(provider.requests))
