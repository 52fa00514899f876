"""What is known of a customer, from several sources and over time: the newest readable value of each field."""

from collections.abc import Callable, Mapping

from domain.addresses import channel_named, email_address, line_user
from gateways.email_domains import with_ascii_domain
from gateways.places import country, phone_number, zone
from gateways.ports.rows import CustomerRow
from gateways.postal import complete
from gateways.regions import region

_READ: dict[str, Callable[[str | None], str | None]] = {
    "country": country,
    "time_zone": zone,
    "email": lambda text: email_address(with_ascii_domain(text)),
    "line_user_id": line_user,
    "postal_address": complete,
    "preferred_channel": channel_named,
}
SET_HERE = ("preferred_channel", "line_user_id")
"""What the merchant may say to us, beside what the payment provider states."""
_OF_A_COUNTRY = {"phone", "region"}
_NEVER_STATED = {"customer_id", "stated"}


def merged(*sources: CustomerRow) -> CustomerRow:
    """One customer from several sources; what a later one states replaces what an earlier one does.

    What cannot be read never erases what could: a country, a zone, an e-mail address or a phone number of an earlier
    source stays. The country becomes an ISO 3166-1 code, the zone an IANA name, the phone number E.164.
    """
    found: dict[str, str] = {}
    for source in sources:
        stated = {name: value for name, value in source.model_dump(exclude_unset=True).items() if value}
        found |= {name: value for name, value in stated.items() if name not in _READ and name not in _OF_A_COUNTRY}
        for name, read in _READ.items():
            if value := read(stated.get(name)):
                found[name] = value
        # A state and a local number are of the country that is known by now.
        if state := region(stated.get("region"), found.get("country", "")):
            found["region"] = state
        if number := phone_number(stated.get("phone"), found.get("country", "")):
            found["phone"] = number
    return CustomerRow.model_validate(found)


def statement(customer: CustomerRow) -> dict[str, str]:
    """What a source states, field by field."""
    stated = customer.model_dump(exclude_unset=True, exclude=_NEVER_STATED)
    return {name: value for name, value in stated.items() if value}


def brought_up_to_date(known: CustomerRow, stated: Mapping[str, str]) -> CustomerRow:
    """The customer after the payment provider's newest statement: only what differs from its last one is news.

    So what another source has stated stays until the provider says something new. A field that is empty there now is
    empty here, if the value was the provider's.
    """
    before = _said_before(known, stated)
    was = merged(_row(known.customer_id, before))
    gone = {
        name
        for name in before.keys() - stated.keys()
        if name in CustomerRow.model_fields and getattr(known, name) in (getattr(was, name), before[name])
    }
    news = {name: value for name, value in stated.items() if before.get(name) != value}
    # A local number is one of the country that is known.
    read = merged(_row(known.customer_id, {"country": known.country}), _row(known.customer_id, news))
    newer = read.model_dump(include=read.model_fields_set & news.keys())
    left = {name: value for name, value in known.model_dump().items() if name not in gone}
    return CustomerRow.model_validate({**left, **newer, "stated": dict(stated)})


def without_old_news(known: CustomerRow, customer: CustomerRow, own: CustomerRow | None) -> CustomerRow:
    """A customer as a new case finds them, without what the payment provider has said before of `SET_HERE`: that takes
    the place of nothing that was set since. own: what another source states of them, which is news."""
    said = customer.stated or {}
    before = _said_before(known, said)
    old = {name for name in SET_HERE if name in said and before.get(name) == said[name]}
    old -= {name for name in SET_HERE if own and getattr(own, name)}
    return CustomerRow.model_validate(customer.model_dump(exclude_unset=True, exclude=old)) if old else customer


def _said_before(known: CustomerRow, stated: Mapping[str, str]) -> Mapping[str, str]:
    """What the payment provider's statement is compared with. Of a customer of whom it has said nothing yet, what is
    set is newer than what it says first."""
    if known.stated is not None:
        return known.stated
    return {name: stated[name] for name in SET_HERE if name in stated and getattr(known, name)}


def _row(customer_id: str, fields: Mapping[str, str]) -> CustomerRow:
    known = {name: value for name, value in fields.items() if name in CustomerRow.model_fields}
    return CustomerRow.model_validate({**known, "customer_id": customer_id})
