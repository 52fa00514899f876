"""What the merchant's billing system says of its customers by the API: kept in the inbox as other news is. Pure."""

import json
from datetime import UTC, datetime

from domain.consent import Purpose
from domain.steps import Channel
from gateways.ports.inbox import Arrival
from gateways.provider_facts import AddressChanged, CustomerConsented, MalformedEvent, PersonChanged
from gateways.stripe_fields import expanded

PROVIDER = "billing"
_PERSON, _ADDRESS = "person", "address"
_FACTS: dict[str, type[PersonChanged | AddressChanged]] = {_PERSON: PersonChanged, _ADDRESS: AddressChanged}


def consented(
    customer_id: str,
    channel: Channel,
    event_id: str,
    at: datetime,
    proof: str,
    *,
    wanted: bool,
    purpose: Purpose = Purpose.SERVICE,
) -> Arrival:
    """One consent as the inbox keeps it. at: when the customer gave it."""
    kind = "opted_in" if wanted else "opted_out"
    kept = {
        "customer_id": customer_id,
        "channel": channel.value,
        "wanted": wanted,
        "at": at.astimezone(UTC).isoformat(),
        "proof": proof,
        "purpose": purpose.value,
        # The billing system's own ids may begin anew with each customer, and with each channel.
        "event_id": f"{customer_id}/{channel.value}/{kind}/{event_id}",
    }
    return Arrival(provider=PROVIDER, event_id=kept["event_id"], kind=kind, body=json.dumps(kept))


def person_changed(customer_id: str, what: str, at: datetime) -> Arrival:
    """That something protects the person, or no longer does: what it is, the ledger has."""
    kept = {
        "customer_id": customer_id,
        "at": at.astimezone(UTC).isoformat(),
        "event_id": f"{customer_id}/{what}",
    }
    return Arrival(
        provider=PROVIDER, event_id=kept["event_id"], kind=_PERSON, body=json.dumps({"kind": _PERSON, **kept})
    )


def address_changed(customer_id: str, channel: Channel | None, at: datetime) -> Arrival:
    """That the customer is reached at another address there, or wants to be called at other hours (None): what it is,
    the ledger has."""
    moment = at.astimezone(UTC).isoformat()
    event_id = f"{customer_id}/{channel.value if channel else 'call_hours'}/{_ADDRESS}/{moment}"
    kept = {"customer_id": customer_id, "channel": channel, "at": moment, "event_id": event_id}
    return Arrival(provider=PROVIDER, event_id=event_id, kind=_ADDRESS, body=json.dumps({"kind": _ADDRESS, **kept}))


def read(event: object) -> CustomerConsented | PersonChanged | AddressChanged:
    """Raises MalformedEvent."""
    kept = expanded(event)
    model = _FACTS.get(str(kept.get("kind")))
    if model is None:
        return consent(event)
    said = {name: value for name, value in kept.items() if name != "kind"}
    try:
        return model(provider=PROVIDER, event_type=kept["kind"], **said)
    except (TypeError, ValueError):
        raise MalformedEvent("What was kept of the customer is not complete.") from None


def consent(event: object) -> CustomerConsented:
    """Raises MalformedEvent."""
    try:
        return CustomerConsented(provider=PROVIDER, event_type="consent", **expanded(event))
    except (TypeError, ValueError):
        raise MalformedEvent("What was kept of the customer's consent is not complete.") from None
