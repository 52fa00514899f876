"""Where somebody is: countries, zones and numbers as people write them (CLDR, zone database, libphonenumber)."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers import timezone as phone_zones

HORIZON = timedelta(days=400)
"""How far ahead a case may look: longer than the longest policy with its holds."""

_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
# What people write and CLDR does not.
_ALSO = {
    "america": "US",
    "britain": "GB",
    "burma": "MM",
    "czech republic": "CZ",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "hong kong": "HK",
    "ivory coast": "CI",
    "korea": "KR",
    "macao": "MO",
    "macau": "MO",
    "macedonia": "MK",
    "northern ireland": "GB",
    "republic of korea": "KR",
    "russian federation": "RU",
    "scotland": "GB",
    "swaziland": "SZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "uae": "AE",
    "united states of america": "US",
    "viet nam": "VN",
    "wales": "GB",
}
# The zone database has no row for them.
_ZONES_OF = {"XK": ("Europe/Belgrade",)}
# The zone database's old names of places; its other names without an area (UTC, EST, Zulu) are none.
_PLACES_WITHOUT_AREA = frozenset(
    {
        "Cuba",
        "Egypt",
        "Eire",
        "GB",
        "GB-Eire",
        "Hongkong",
        "Iceland",
        "Iran",
        "Israel",
        "Jamaica",
        "Japan",
        "Kwajalein",
        "Libya",
        "NZ",
        "NZ-CHAT",
        "Navajo",
        "PRC",
        "Poland",
        "Portugal",
        "ROC",
        "ROK",
        "Singapore",
        "Turkey",
        "W-SU",
    }
)
_NOBODYS = frozenset({PhoneNumberType.PREMIUM_RATE})
# Numbers that are dialled alike from everywhere in a country say nothing of where somebody is.
_NOWHERE = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.VOIP,
        PhoneNumberType.UAN,
        PhoneNumberType.PAGER,
    }
)


class Place(NamedTuple):
    """Where somebody is, as far as anything says so."""

    country: str  # ISO 3166-1, empty when unknown
    zones: tuple[str, ...]  # IANA: every one that it may be, the most likely first; empty when unknown


def country(text: str | None) -> str | None:
    """The ISO 3166-1 code (`XK` for Kosovo) of a country that is written as a code of two or three letters or by name.

    In English or in a language of the country itself. None when it is unreadable.
    """
    plain = _plain(text)
    code = plain.upper()
    if code in countries():
        return code
    if len(code) in (2, 3) and len(known := get_global("territory_aliases").get(code, ())) == 1:
        return str(known[0]) if known[0] in countries() else None
    return _names().get(plain) if len(plain) > 3 or not plain.isascii() or plain in _ALSO else None


def zone(text: str | None) -> str | None:
    """The IANA zone that is written in any case, with blanks or in Windows' words.

    None when it is unreadable or no place: `UTC`, `Etc/GMT+7`, `EST` and `localtime` say how a clock is set, not where.
    """
    plain = " ".join((text or "").split()).casefold()
    return _zones_by_name().get(plain.replace(" ", "_")) or _windows_zones().get(plain)


def phone_number(text: str | None, of_country: str) -> str | None:
    """The number in E.164, `+66812345678`; None when nobody can be dialled by it.

    A number without a country code counts only when it is valid in the customer's country: `555-2671` is none.
    """
    number = _parsed(text, of_country)
    return None if number is None else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def place_of(given: str | None, address: str | None, phone: str | None, card: str | None, start: date) -> Place:
    """Where the customer is, by the first that says anything: address, phone number, country of the card.

    `given` is the zone that was stated, and goes before what the others say of zones. `phone` is E.164. Zones whose
    clocks agree from `start` on, as far as a case looks ahead, are one.
    """
    number = _parsed(phone, "")
    if number is not None and phonenumbers.number_type(number) in _NOWHERE:
        number = None
    found = country(address) or _phone_country(number) or country(card) or ""
    if known := zone(given):
        return Place(found, (known,))
    zones = zones_of_country(country(address), start) or _distinct(_phone_zones(number), start)
    return Place(found, zones or zones_of_country(country(card), start))


def zones_of_country(code: str | None, start: date) -> tuple[str, ...]:
    """The zones of a country, the most populous first."""
    return _distinct(_zones_by_country().get(code or "", ()), start)


def countries_of_zones(names: Iterable[str]) -> tuple[str, ...]:
    """The countries in which somebody may be whose clock is one of these zones."""
    by_zone = _countries_by_zone()
    return tuple(dict.fromkeys(code for name in names for code in by_zone.get(name, ())))


def everywhere(first: str, countries: Iterable[str], start: date) -> tuple[str, ...]:
    """The zone `first` and every zone of the countries: for somebody who may be anywhere that the merchant sells."""
    zones = (name for text in countries for name in zones_of_country(country(text), start))
    return _distinct((first, *zones), start)


def _plain(text: str | None) -> str:
    """Letters and single blanks, in lower case and without accents."""
    letters = "".join(s for s in unicodedata.normalize("NFKD", text or "") if not unicodedata.combining(s))
    return " ".join(re.sub(r"[\W_\d]+", " ", re.sub(r"(?<=\w)\.(?=\w)", "", letters)).split()).casefold()


def _parsed(text: str | None, of_country: str) -> phonenumbers.PhoneNumber | None:
    digits = re.sub(r"^\s*tel:", "", text or "", flags=re.IGNORECASE)
    # The library finds a number in a sentence, spells FLOWERS in digits and drops what comes after the slash.
    if any(sign.isalpha() or sign in ";/" for sign in digits):
        return None
    try:
        number = phonenumbers.parse(digits, of_country or None)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or phonenumbers.number_type(number) in _NOBODYS:
        return None
    if digits.strip().startswith(("+", "\uff0b")):
        # Newer ranges than the library knows are left to the provider's judgement.
        possible = phonenumbers.is_possible_number_with_reason(number)
        return number if possible == ValidationResult.IS_POSSIBLE else None
    return number if phonenumbers.is_valid_number(number) else None


def _phone_country(number: phonenumbers.PhoneNumber | None) -> str | None:
    if number is None or number.country_code is None:
        return None
    under = phonenumbers.region_codes_for_country_code(number.country_code)
    return country(under[0] if len(under) == 1 else phonenumbers.region_code_for_number(number))


def _phone_zones(number: phonenumbers.PhoneNumber | None) -> tuple[str, ...]:
    if number is None or number.country_code is None:
        return ()
    by_prefix = phonenumbers.number_type(number) == PhoneNumberType.UNKNOWN  # a range that the library does not know
    look_up = phone_zones.time_zones_for_geographical_number if by_prefix else phone_zones.time_zones_for_number
    found = [known for name in look_up(number) if (known := zone(name))]
    # Those of the largest country under this code first: +44 is London's before it is Guernsey's.
    main = _zones_by_country().get(phonenumbers.region_code_for_country_code(number.country_code), ())
    return tuple(sorted(found, key=lambda name: main.index(name) if name in main else len(main)))


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Every country's code (ISO 3166-1 alpha-2)."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRY


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Names of countries in English and in their own languages; one that means two countries is left out."""
    languages = {name for code in countries() for name in get_official_languages(code, de_facto=True)}
    found: dict[str, set[str]] = {}
    for language in languages:
        try:
            territories = Locale.parse(language).territories
        except (UnknownLocaleError, ValueError):
            continue
        for code in countries() & territories.keys():
            found.setdefault(_plain(territories[code]), set()).add(code)
    own = {name: codes.pop() for name, codes in found.items() if len(codes) == 1}
    english = {_plain(name): code for code, name in Locale("en").territories.items() if code in countries()}
    return own | english | _ALSO


@lru_cache(maxsize=1)
def _zones_by_name() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if _is_a_place(name)}


def _is_a_place(name: str) -> bool:
    area, has_area, _ = name.partition("/")
    return area != "Etc" if has_area else name in _PLACES_WITHOUT_AREA


@lru_cache(maxsize=1)
def _windows_zones() -> dict[str, str]:
    return {name.casefold(): iana for name, iana in get_global("windows_zone_mapping").items() if _is_a_place(iana)}


@lru_cache(maxsize=1)
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """The zone database's own list, in which the most populous zone of a country comes first."""
    found: dict[str, list[str]] = {}
    for code, name in _lines("zone.tab"):
        found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()} | _ZONES_OF


@lru_cache(maxsize=1)
def _countries_by_zone() -> dict[str, tuple[str, ...]]:
    """The same the other way round; a zone that several countries share has all of them."""
    found: dict[str, dict[str, None]] = {}
    for codes, name in (*_lines("zone.tab"), *_lines("zone1970.tab")):
        found.setdefault(name, {}).update(dict.fromkeys(codes.split(",")))
    return {name: tuple(codes) for name, codes in found.items()}


def _lines(table: str) -> Iterator[tuple[str, str]]:
    for line in files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            yield code, name


def _distinct(names: Iterable[str], start: date) -> tuple[str, ...]:
    found = tuple(names)
    return found if len(found) < 2 else _of_different_clocks(found, start)


@lru_cache(maxsize=512)
def _of_different_clocks(names: tuple[str, ...], start: date) -> tuple[str, ...]:
    noon = datetime.combine(start, time(12), tzinfo=UTC)
    days = [noon + timedelta(days=offset) for offset in range(HORIZON.days + 1)]
    by_clock: dict[tuple[timedelta | None, ...], str] = {}
    for name in names:
        clock = ZoneInfo(name)
        by_clock.setdefault(tuple(day.astimezone(clock).utcoffset() for day in days), name)
    return tuple(by_clock.values())
