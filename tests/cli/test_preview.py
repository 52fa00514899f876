"""The commands by which a policy and its messages are tried: without ledger, Temporal or provider."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from sandbox.machine.environment import stand_in_environment
from sandbox.providers.world import ProviderWorld
from tests.cli.commands import said
from tests.new_ledger import new_ledger
from tests.segments import folder_with_segments

NOBODY = {
    "MERCHANT_NAME": "Acme Cloud",
    "MERCHANT_CONTACT": "help@acme.example",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
    "DUNNING_DATABASE_URL": "sqlite:////nowhere/ledger.db",
}
WHEN = ["--opened", "2030-04-01"]


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(app, words, env=NOBODY | env)


def test_a_conversation_is_written_as_files(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    words = ["--policy", "standard", "--language", "th", "--decline", "expired_card", "--out", str(folder), *WHEN]

    result = run("messages", "preview", *words)

    assert 0 == result.exit_code
    assert f"{folder / 'index.html'}: 2 conversations\n" == result.stdout
    assert "taken as if it were: e-mail (SENDGRID_API_KEY is not set)" in result.stderr
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*.*")}
    assert {"index.html", "th/expired_card/01-2030-04-01-email-action.html"} <= names
    assert (folder / "th/expired_card/01-2030-04-01-email-action.txt").read_text().startswith("Subject: ")


def test_a_conversation_is_read_in_the_terminal_or_by_a_program() -> None:
    words = ["messages", "preview", "--segment", "gold", "--decline", "expired_card", *WHEN]

    text, lines = run(*words).stdout, run(*words, "--json").stdout.splitlines()

    assert text.startswith("expired card (new method), in en: 8 messages (all times in America/New_York)\n")
    rows = [json.loads(line) for line in lines]
    assert {"expired_card", "paid"} == {row["conversation"] for row in rows}
    assert {True, False} == {row["planned"] for row in rows}


def test_what_is_said_before_a_renewal_is_seen_first_and_explained() -> None:
    """Also where no page is named yet to which it could lead."""
    page = {"MERCHANT_ACCOUNT_URL": "https://acme.example/account"}
    with_page, without = (run("messages", "preview", *WHEN, **env).stdout for env in (page, {}))
    explained = run("policy", "explain", *WHEN).stdout

    assert with_page.startswith("before a renewal, in en: 1 message (all times in America/New_York)\n")
    assert "Subject: Acme Cloud: your card expires before the next payment" in with_page
    assert "not sent: no page is named for it (MERCHANT_ACCOUNT_URL, or account in brand.yaml)" in without
    assert "once it is over, in en: 5 messages" in with_page
    assert "Subject: Thank you: your Acme Cloud invoice" in with_page
    assert "Before a renewal\n  7 days before the charge: e-mail, if the card expires\n" in explained


def test_a_preview_has_the_brand_of_its_segment(tmp_path: Path) -> None:
    words = ["messages", "preview", "--decline", "expired_card", *WHEN]
    policies = str(folder_with_segments(tmp_path))

    own, gold = (run(*words, *more, DUNNING_POLICIES=policies).stdout for more in ([], ["--segment", "gold"]))

    assert "your Nimbus invoice" in own
    assert "your Aurora invoice" in gold
    assert "Nimbus" not in gold


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = run("messages", "preview", "--decline", "expired_card", "--out", str(tmp_path / "file"))

    assert 2 == result.exit_code
    assert f"{tmp_path / 'file'} cannot be written" in result.stderr


def test_emails_go_to_whoever_looks_and_say_that_they_are_previews(tmp_path: Path) -> None:
    """By the provider that customers are written by; each wording once."""
    with ProviderWorld() as world:
        env = stand_in_environment("127.0.0.1:1", world, tmp_path)
        words = ["--decline", "expired_card", "--send-to", "me@example.com", *WHEN]

        result = run("messages", "preview", *words, **env)

        assert "5 e-mails sent to me@example.com\n" in result.stderr
        mails = world.sendgrid.sent
        assert {"me@example.com"} == {mail.to for mail in mails}
        assert 5 == len(mails)
        assert all(mail.subject.startswith("[Preview] ") for mail in mails)


def test_nothing_is_sent_where_email_is_not_set_up() -> None:
    result = run("messages", "preview", "--send-to", "me@example.com")

    assert (
        2,
        "E-mail is not set up here (SENDGRID_API_KEY is not set), so nothing can be sent to look at.",
    ) == said(result)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--policy", "gold"], "There is no policy 'gold' in "),
        (["--policy", "none.yaml"], "none.yaml: the file cannot be read"),
        (["--customer", "none.yaml"], "none.yaml: the file cannot be read"),
        (["--decline", "expired"], "There is no decline code 'expired'"),
        (["--opened", "soon"], "soon is not a date"),
    ],
)
@pytest.mark.parametrize("command", [["messages", "preview"], ["policy", "explain"]])
def test_what_cannot_be_tried_is_one_sentence(command: list[str], words: list[str], sentence: str) -> None:
    code, told = said(run(*command, *words))

    assert code in (1, 2)
    assert told.startswith(sentence)


def test_a_policy_is_explained_as_a_dated_calendar(tmp_path: Path) -> None:
    file = tmp_path / "customer.yaml"
    file.write_text("country: TH\nphone: '+66812345678'\nemail: a@example.com\namount: 900 THB\n")
    words = ["policy", "explain", "--customer", str(file), *WHEN]

    text = run(*words).stdout.splitlines()
    rows = [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]

    assert "900.00 THB, declined with insufficient funds, by policy standard@1 (all times in Asia/Bangkok)" == text[0]
    assert "  Thu 2030-04-04 10:08  friendly e-mail on day 3 of the timeline" in text
    assert any("[th-once-a-day@" in line for line in text)
    assert {"at", "what", "title", "why", "rule", "until"} == rows[0].keys()


def test_a_payment_ends_the_calendar() -> None:
    rows = [json.loads(line) for line in run("policy", "explain", "--paid-on", "6", "--json").stdout.splitlines()]

    assert ["heard", "closed"] == [row["what"] for row in rows[-2:]]


def test_a_real_case_is_asked_for_by_its_invoice(tmp_path: Path) -> None:
    result = run("policy", "explain", "in_none", DUNNING_DATABASE_URL=new_ledger(tmp_path / "ledger.db"))

    assert (1, "There is no case of invoice in_none: python starter.py list shows the ones there are.") == said(result)


def test_sent_messages_have_a_short_and_a_long_name(tmp_path: Path) -> None:
    url = new_ledger(tmp_path / "ledger.db")

    short, long = (run("messages", *words, DUNNING_DATABASE_URL=url) for words in (["in_1"], ["show", "in_1"]))

    assert said(short) == said(long)
    assert "There is no case of invoice in_1" in short.stderr
