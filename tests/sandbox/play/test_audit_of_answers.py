"""The audit of what people write and open: each test plants one fault and sees only that count rise."""

import pytest

from tests.sandbox.play.journals import Happened, contact, counts, email, sms

NUMBER, OTHER = "+66812345678", "+66812345679"
THAI_PAGE = '<!DOCTYPE html>\n<html lang="th">'


def wrote(what: str, number: str = NUMBER, words: str = "") -> Happened:
    return "customer", what, None, {"number": number, "words": words}


def texted(step: str, to: str = NUMBER) -> Happened:
    provider, kind, key, data = sms(step)
    return provider, kind, key, {**data, "to": to}


def test_a_text_after_a_stop_in_somebodys_own_words() -> None:
    stop = wrote("asks_to_stop", words="ไม่ต้องส่งข้อความ")

    assert {"contacts_after_opt_out": 1} == counts([stop, texted("t")], [contact("t", "sms")])
    assert {} == counts([stop, email()], [contact()])


def test_a_start_from_a_new_number_that_nobody_hears() -> None:
    stop, start = wrote("opts_out"), wrote("asks_again", OTHER)

    assert {"starts_unheard": 1} == counts([stop, start])
    assert {} == counts([stop, start, texted("t", OTHER)], [contact("t", "sms")])


@pytest.mark.parametrize(("to", "expected"), [(NUMBER, {"strangers_told": 1}), (OTHER, {})])
def test_a_message_to_a_stranger(to: str, expected: dict[str, int]) -> None:
    stranger = wrote("is_a_stranger", words="Sorry, wrong number")

    assert expected == counts([stranger, texted("t", to)], [contact("t", "sms")])


@pytest.mark.parametrize(
    ("type_", "page", "expected"),
    [
        ("text/html; charset=utf-8", THAI_PAGE, {}),
        ("application/problem+json", '{"title": "Not Found"}', {"cut_links": 1}),
        ("text/html", THAI_PAGE.replace("th", "en"), {"cut_links": 1}),
    ],
)
def test_what_a_link_that_was_cut_off_shows(type_: str, page: str, expected: dict[str, int]) -> None:
    opened: Happened = ("customer", "opens_cut_link", None, {"status": 404, "type": type_, "page": page})

    assert expected == counts([opened])


@pytest.mark.parametrize(("sees", "expected"), [([], {"answers_unseen": 1}), (["I have moved"], {})])
def test_an_answer_that_nobody_sees(sees: list[str], expected: dict[str, int]) -> None:
    looked: Happened = ("customer", "staff_looks", None, {"sees": sees})

    assert expected == counts([wrote("writes_back", words="I have moved"), looked])
    assert {} == counts([looked])
