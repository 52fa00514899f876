"""No secret goes out in clear."""

import pytest

from runtime.settings import Settings, SettingsError, load_settings


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"TEMPORAL_API_KEY": "k", "TEMPORAL_TLS": "false", "TEMPORAL_ADDRESS": "cloud.example:7233"}, "TEMPORAL_TLS"),
        ({"STRIPE_API_BASE": "http://stripe.example"}, "STRIPE_API_BASE"),
        ({"SENDGRID_API_BASE": "http://10.0.0.9:80"}, "SENDGRID_API_BASE"),
        ({"TWILIO_API_BASE": "http://[2001:db8::1]"}, "TWILIO_API_BASE"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel.example", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=x"},
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        ({"AGENCY_ENDPOINT": "http://agency.example", "AGENCY_TOKEN": "t"}, "AGENCY_ENDPOINT"),
    ],
)
def test_a_key_that_would_go_out_in_clear_is_refused(
    variables: dict[str, str], names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, by the name of the setting, and without the key."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{names} is .*in clear.*: (use https|leave TEMPORAL_TLS out)\.$"):
        load_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_to_this_very_machine_it_may(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins, or a proxy beside the worker."""
    monkeypatch.setenv("STRIPE_API_BASE", f"http://{host}:1")
    monkeypatch.setenv("TEMPORAL_API_KEY", "k")
    monkeypatch.setenv("TEMPORAL_TLS", "false")
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"{host}:7233")

    assert not load_settings().uses_tls


def test_a_key_implies_tls() -> None:
    assert Settings.model_validate({"temporal_api_key": "k"}).uses_tls
    assert not Settings.model_validate({}).uses_tls
