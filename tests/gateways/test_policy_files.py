"""A wrong policy file gets one sentence per problem that names the file, the line, the key and what is allowed."""

from pathlib import Path

import pytest

from domain.steps import Channel
from gateways.policy_files import PolicyError, load_policy

POLICIES = Path(__file__).parents[2] / "policies"

GOOD = """\
name: short
version: 1
default_time_zone: UTC
time_of_day: 10:00
jitter: PT10M
timeline:
  - day: 1
    do: [charge]
  - day: 2
    do:
      - remind: {channel: email, stage: friendly}
      - restrict: read_only
  - day: 3
    at: 11:30
    do:
      - remind: {channel: sms, stage: final}
  - day: 10
    do: [cancel_subscription, escalate]
retries: {max_attempts: 8, max_per_day: 1}
contacts:
  hours: {start: 09:00, end: 20:00, sundays: false, public_holidays: false}
  fallback: {email: sms}
endgame:
  notice_days: 7
  collections: {minimum: {USD: 50.50, JPY: 7000}}
"""


def write(folder: Path, text: str, name: str = "short.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return str(caught.value).replace(str(path), path.name).split("\n")


def test_a_charge_may_be_made_at_any_hour(tmp_path: Path) -> None:
    """Nobody is woken by it."""
    text = GOOD.replace("time_of_day: 10:00", "time_of_day: 03:00").replace("- day: 2\n", "- day: 2\n    at: 10:00\n")

    assert load_policy(write(tmp_path, text))


def test_a_good_policy_is_read(tmp_path: Path) -> None:
    """Clock times need no quotes, and amounts with a point stay exact."""
    policy = load_policy(write(tmp_path, GOOD))
    assert policy.endgame.collections

    assert "10:00:00" == policy.time_of_day.isoformat()
    assert "11:30:00" == str(policy.timeline[2].at)
    assert ["50.50 USD", "7000 JPY"] == [str(row) for row in policy.endgame.collections.minimum]
    assert {Channel.EMAIL: Channel.SMS} == policy.contacts.fallback


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            "channel: email",
            "channel: emial",
            (
                "short.yaml:11: timeline[1].do[0].remind.channel: 'emial' is not allowed; "
                "use email, sms, notice, whatsapp, line or letter"
            ),
        ),
        (
            "stage: friendly",
            "tone: friendly, stage: firm",
            "short.yaml:11: timeline[1].do[0].remind.tone: unknown key; use channel or stage",
        ),
        (
            "restrict: read_only",
            "restrict: full",
            "short.yaml:12: timeline[1].do[1].restrict: 'full' is not allowed; use read_only or blocked",
        ),
        (
            "stage: friendly",
            "stage: action",
            (
                "short.yaml:11: timeline[1].do[0].remind.stage: 'action' is not allowed; "
                "use friendly, reminder, firm or final"
            ),
        ),
        (
            "max_per_day: 1",
            "max_per_day: 1, do_not_honor: nver",
            "short.yaml:19: retries.do_not_honor: 'nver' is not allowed; use retry_later or new_method",
        ),
        (
            "max_per_day: 1",
            "max_per_day: 1, quick: [-PT30M]",
            "short.yaml:19: retries.quick[0]: '-PT30M' is not allowed: it should be greater than 0 seconds",
        ),
        (
            "USD: 50.50",
            "UDS: 50.50",
            ("short.yaml:25: endgame.collections.minimum: 'UDS' is no currency such as USD or THB"),
        ),
        (
            "USD: 50.50",
            "usd: 50.50, USD: 60",
            "short.yaml:25: endgame.collections.minimum: USD stands twice; keep one of them",
        ),
        (
            "USD: 50.50",
            "USD: -50",
            "short.yaml:25: endgame.collections.minimum: -50.00 USD is less than nothing",
        ),
        (
            "collections: {minimum: {USD: 50.50, JPY: 7000}}",
            "collections: {}",
            (
                "short.yaml:23: endgame: collections.minimum has no currency, so no case would go to the agency; "
                "add one, or leave collections out"
            ),
        ),
        (
            "default_time_zone: UTC",
            "default_time_zone: UTC\nsells_in: [DE, XX]",
            "short.yaml:4: sells_in[1]: 'XX' is no country by ISO 3166-1, such as DE or TH",
        ),
        (
            "time_of_day: 10:00",
            "time_of_day: 20:00",
            (
                "short.yaml:6: timeline: the message of day 2 at 20:00 is outside contacts.hours (09:00 to 20:00); "
                "give the day an `at` within them"
            ),
        ),
        (
            "at: 11:30",
            "at: 08:59",
            (
                "short.yaml:6: timeline: the message of day 3 at 08:59 is outside contacts.hours (09:00 to 20:00); "
                "give the day an `at` within them"
            ),
        ),
        (
            "do: [charge]",
            "do: [chrage]",
            (
                "short.yaml:8: timeline[0].do[0]: 'chrage' is not allowed; "
                "use charge, remind, call, restrict, cancel_subscription or escalate"
            ),
        ),
        (
            "restrict: read_only",
            "restrct: read_only",
            (
                "short.yaml:12: timeline[1].do[1].restrct: 'restrct' is not allowed; "
                "use charge, remind, call, restrict, cancel_subscription or escalate"
            ),
        ),
        (
            "restrict: read_only",
            "restrict: readonly",
            "short.yaml:12: timeline[1].do[1].restrict: 'readonly' is not allowed; use read_only or blocked",
        ),
        (
            "stage: friendly",
            "stagge: friendly",
            "short.yaml:11: timeline[1].do[0].remind.stagge: unknown key; did you mean stage?",
        ),
        (
            "remind: {channel: email, stage: friendly}",
            "remind",
            "short.yaml:11: timeline[1].do[0].channel: the key is missing",
        ),
        (
            "{channel: email, stage: friendly}",
            "{channel: email}",
            "short.yaml:11: timeline[1].do[0].remind.stage: the key is missing",
        ),
        (
            "- restrict: read_only",
            "- {restrict: read_only, charge: }",
            (
                "short.yaml:12: timeline[1].do[1]: a step is one word, or one word with its details; "
                "use charge, remind, call, restrict, cancel_subscription or escalate"
            ),
        ),
        ("version: 1", "versoin: 1", "short.yaml:2: versoin: unknown key; did you mean version?"),
        ("version: 1\n", "", "short.yaml:1: version: the key is missing"),
        (
            "version: 1",
            "version: one",
            "short.yaml:2: version: 'one' is not allowed: it should be a whole number",
        ),
        (
            "do: [charge]",
            "do: charge",
            (
                "short.yaml:8: timeline[0].do: 'charge' is not allowed: "
                "it should be a list: [a, b], or one entry to a line with - before it"
            ),
        ),
        ("day: 2", "day: 2\n    at: 18", 'short.yaml:10: timeline[1].at: 18 is not a time of day such as "10:00"'),
        ("10:00", "10am", "short.yaml:4: time_of_day: '10am' is not a time of day such as \"10:00\""),
        ("10:00", "10:00Z", "short.yaml:4: time_of_day: '10:00Z' is not a time of day such as \"10:00\""),
        (
            "sundays: false",
            "sundays: never",
            "short.yaml:21: contacts.hours.sundays: 'never' is not allowed: it should be true or false",
        ),
        (
            "max_per_day: 1",
            "max_per_day: 1, paydays: {days_of_month: [32]}",
            (
                "short.yaml:19: retries.paydays.days_of_month[0]: '32' is not allowed: "
                "it should be less than or equal to 31"
            ),
        ),
        (
            "max_per_day: 1",
            "max_per_day: 1, paydays: {weekdays: [0]}",
            "short.yaml:19: retries.paydays.weekdays[0]: '0' is not allowed: it should be greater than or equal to 1",
        ),
        (
            "fallback: {email: sms}",
            "fallback: {email: email}",
            "short.yaml:22: contacts.fallback: email is its own fallback; name another channel, or leave it out",
        ),
        (
            "minimum: {USD: 50.50, JPY: 7000}",
            "minimum: 50",
            "short.yaml:25: endgame.collections.minimum: amounts need their currencies: {USD: 50}",
        ),
        (
            "name: short",
            "name: My Policy",
            "short.yaml:1: name: a name has 2 to 41 small letters, digits and -, and begins with a letter",
        ),
        (
            "day: 2",
            "day: 400",
            "short.yaml:9: timeline[1].day: '400' is not allowed: it should be less than or equal to 365",
        ),
        (
            "do: [charge]",
            "do: []",
            "short.yaml:8: timeline[0].do: the list needs at least 1 entry",
        ),
        (
            "max_per_day: 1",
            "max_per_day: 1, per_day: 2",
            "short.yaml:19: retries.per_day: unknown key; did you mean max_per_day?",
        ),
        (
            "fallback: {email: sms}",
            "fallback: {post: sms}",
            (
                "short.yaml:22: contacts.fallback.post: 'post' is not allowed; "
                "use email, sms, notice, whatsapp, line or letter"
            ),
        ),
        (
            "JPY: 7000",
            "JPY: 7000.5",
            "short.yaml:25: endgame.collections.minimum: 7000.5 has more decimals than JPY allows",
        ),
        (
            "  - day: 10",
            "  - day: 9",
            (
                "short.yaml:6: timeline: the end on day 9 needs a message of stage final at least 7 days before it "
                "(endgame.notice_days)"
            ),
        ),
        (
            "jitter: PT10M",
            "jitter: PT10M\njitter: PT5M",
            "short.yaml:6: jitter: the key stands in line 5 already; keep one of them",
        ),
        (
            "day: 2",
            "day: 2\n    day: 3",
            "short.yaml:10: timeline[1].day: the key stands in line 9 already; keep one of them",
        ),
        (
            "fallback: {email: sms}",
            "fallback: &loop {email: *loop}",
            "short.yaml:22: contacts.fallback.email: the value contains itself; write it out in place of the alias",
        ),
        (
            "name: short",
            "name: !!python/name:os.system x",
            "short.yaml:1: name: the tag tag:yaml.org,2002:python/name:os.system is not allowed; write a plain value",
        ),
        (
            "name: short",
            "name: [short",
            "short.yaml:2: the YAML cannot be read: expected ',' or ']', but got ':'",
        ),
        (
            "version: 1",
            "\tversion: 1",
            "short.yaml:2: the YAML cannot be read: found character '\\t' that cannot start any token",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, right: str, wrong: str, expected: str
) -> None:
    """One mistake in an otherwise good file."""
    assert right in GOOD

    assert expected in problems(write(tmp_path, GOOD.replace(right, wrong, 1)))


def test_every_mistake_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    """Nobody corrects a file five times."""
    text = GOOD.replace("version: 1", "version: one").replace("email, stage", "fax, stage")

    assert ["short.yaml:2", "short.yaml:11"] == [line.split(": ")[0] for line in problems(write(tmp_path, text))]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "short.yaml:1: the file is empty"),
        (b"# nothing yet\n", "short.yaml:1: the file is empty"),
        (b"charge\n", "short.yaml:1: the file has to consist of keys and values; use name, version, "),
        (b"name: \xff\n", "short.yaml: the file is not UTF-8 text: save it as UTF-8"),
        (b"name: a\x00b\n", "short.yaml: the YAML cannot be read: it contains control characters"),
        (b"name: a\n---\nname: b\n", "short.yaml:2: the YAML cannot be read: but found another document"),
    ],
)
def test_a_file_that_is_no_policy_at_all(tmp_path: Path, content: bytes, expected: str) -> None:
    """It is one sentence too."""
    path = tmp_path / "short.yaml"
    path.write_bytes(content)
    [problem] = problems(path)

    assert problem.startswith(expected)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the system's own reason."""
    assert [
        "gone.yaml: the file cannot be read (No such file or directory): check its name and its rights"
    ] == problems(tmp_path / "gone.yaml")
