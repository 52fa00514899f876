"""The command line: what it takes in, what it shows, what it orders, and one sentence for each mistake."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from domain.events import Pause
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import ROOT, Settings
from sandbox.machine.ports import free_ports
from service.intake import Intake
from service.running import NoWorker, RunningCases
from tests.cases import signals
from tests.cli.commands import Failed, Starter, said
from worker import build_worker


@pytest.mark.parametrize("file", ["payment_failed.json", "payment_failed_pre_basil.json"])
def test_a_file_with_a_stripe_event_opens_a_case(
    starter: Starter, client: Client, ledger: SqlLedger, failed: Failed, file: str
) -> None:
    """In both shapes; the second time the case is there already."""
    first, second = starter("start", failed.file(file)), starter("start", failed.file(file))

    assert [(0, ""), (0, "")] == [said(first), said(second)]
    assert ["opened", "exists"] == [result.stdout.split()[0] for result in (first, second)]
    assert ["open"] == [case.status for case in ledger.cases().rows]


def test_the_program_runs_as_the_readme_says(
    environment: dict[str, str], client: Client, ledger: SqlLedger, failed: Failed
) -> None:
    """As a process of its own, with the records on stdin."""
    process = subprocess.run(
        [sys.executable, "starter.py", "start", "-"],
        input=Path(failed.file("payment_failed.json")).read_text(),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=60,
        check=False,
    )

    assert (0, "") == (process.returncode, process.stderr)
    assert f"opened     {failed.invoice}" in process.stdout


def test_a_malformed_record_does_not_stop_the_others(
    starter: Starter, client: Client, ledger: SqlLedger, failed: Failed
) -> None:
    """Each gets its line, and the exit code says that not all went well."""
    result = starter("start", failed.file("mixed.jsonl"))

    results = [line.split(maxsplit=1)[0] for line in result.stdout.splitlines()]
    assert 1 == result.exit_code
    assert ["opened", "malformed", "malformed", "malformed", "opened", "refused"] == results
    assert "malformed  line 2: It is not JSON" in result.stdout
    assert "line 5: amount:" in result.stdout
    assert "refused    line 7: Stripe does not know the id" in result.stdout


def test_results_as_json_lines(starter: Starter, client: Client, ledger: SqlLedger, failed: Failed) -> None:
    """One object per record, for programs."""
    result = starter("start", "--json", stdin=Path(failed.file("payment_failed.json")).read_text())

    [line] = [json.loads(text) for text in result.stdout.splitlines()]
    assert ("opened", failed.invoice, f"evt_{failed.suffix}Basil", 1) == (
        line["result"],
        line["invoice_id"],
        line["event_id"],
        line["line"],
    )


async def test_an_operator_pauses_resumes_and_settles(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    """Orders are carried out at once and answered with the case; a wrong one is refused with the reason."""
    invoice = failed.invoice
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        paused = await asyncio.to_thread(starter, "pause", invoice, "--note", "call back")
        again = await asyncio.to_thread(starter, "pause", invoice)
        shown = await asyncio.to_thread(starter, "show", invoice)
        resumed = await asyncio.to_thread(starter, "resume", invoice)
        too_much = await asyncio.to_thread(starter, "settle", invoice, "30.00", "USD")
        settled = await asyncio.to_thread(starter, "settle", invoice, "12.50", "USD")

    assert "on_hold" in paused.stdout
    assert (1, "The case is paused already: resume it first to pause it anew.") == said(again)
    assert "call back" in shown.stdout
    assert "Next" in resumed.stdout
    assert (1, "The settlement (30.00 USD) is more than what is due (20.00 USD): settle for at most that.") == said(
        too_much
    )
    assert "settled for 12.50 USD" in settled.stdout


async def test_reports_reach_the_case_and_the_ledger(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    """An opt-out is written down for all cases of the customer; what an agency says is told to the case."""
    invoice = failed.invoice
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        opted_out = await asyncio.to_thread(starter, "contact", invoice, "sms", "opted_out")
        ledger.record_handoff(invoice, f"dun:{invoice}:d28-escalate", "AG-1", datetime.now(UTC))
        reported = await asyncio.to_thread(starter, "agency", invoice, "acknowledged")
        shown = await asyncio.to_thread(starter, "show", invoice)

    assert [0, 0] == [opted_out.exit_code, reported.exit_code]
    assert {Channel.SMS: "opted out"} == ledger.closed_channels(failed.customer)
    assert "sms: opted out" in shown.stdout
    assert "agency reported: acknowledged" in shown.stdout


async def test_without_a_worker_orders_say_so(
    client: Client, ledger: SqlLedger, intake: Intake, failed: Failed
) -> None:
    """Nobody waits for ever."""
    await intake.take_event(json.loads(Path(failed.file("payment_failed.json")).read_text()))
    running = RunningCases(client, ledger, answer_within=timedelta(milliseconds=300))

    with pytest.raises(NoWorker, match=r"start one \(python worker.py\)"):
        await running.order(failed.invoice, "pause", Pause())
    with pytest.raises(NoWorker, match=r"start one \(python worker.py\)"):
        await running.view(failed.invoice)


@pytest.mark.parametrize(
    "words",
    [["show"], ["pause"], ["resume"], ["write-off"], ["settle", "1", "USD"], ["agency", "returned"]],
    ids=lambda words: words[0],
)
def test_an_unknown_invoice_is_named(starter: Starter, client: Client, ledger: SqlLedger, words: list[str]) -> None:
    """With the way to the known ones."""
    name, *rest = words

    assert (
        1,
        "There is no case of invoice in_nowhere: python starter.py list shows the ones there are.",
    ) == said(starter(name, "in_nowhere", *rest))


def test_no_server(starter: Starter, ledger: SqlLedger) -> None:
    """It names the address and both ways out."""
    address = f"127.0.0.1:{free_ports(1)[0]}"

    code, sentence = said(starter("show", "in_1", env={"TEMPORAL_ADDRESS": address}))

    assert (2, f"No Temporal server answers at {address}: start one (make up) or set TEMPORAL_ADDRESS.") == (
        code,
        sentence,
    )


def test_a_wrong_api_key(starter: Starter, client: Client, ledger: SqlLedger, failed: Failed) -> None:
    """It stops at once: every record would meet it."""
    result = starter("start", failed.file("mixed.jsonl"), env={"STRIPE_API_KEY": "sk_test_wrong"})

    assert (2, "Stripe refuses the API key: check STRIPE_API_KEY.") == said(result)
    assert () == ledger.cases().rows


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"STRIPE_API_KEY": ""}, "STRIPE_API_KEY is not set"),
        ({"PROVIDER_TIMEOUT": "soon"}, "PROVIDER_TIMEOUT"),
        ({"TEMPORAL_NAMESPACE": "nowhere"}, "does not know the namespace: check TEMPORAL_NAMESPACE"),
        ({"DUNNING_POLICIES": "nowhere"}, "no policy (*.yaml) is in this folder"),
        ({"DUNNING_DATABASE_URL": "mysql://ledger"}, "The ledger's URL is wrong"),
        ({"DUNNING_DATABASE_URL": "sqlite:///nowhere/dunning.db"}, "run python starter.py setup"),
    ],
)
def test_missing_and_wrong_settings(
    starter: Starter,
    client: Client,
    ledger: SqlLedger,
    failed: Failed,
    env: dict[str, str | None],
    sentence: str,
) -> None:
    """The variable is named, and what to do."""
    code, told = said(starter("start", failed.file("payment_failed.json"), env=env))

    assert 2 == code
    assert sentence in told
    assert 1 == len(told.splitlines())


@pytest.mark.parametrize(
    ("words", "stdin", "code", "sentence"),
    [
        (["start", "nowhere.json"], None, 2, "nowhere.json cannot be read"),
        (["start"], "", 1, "There is no record in the input"),
        (["settle", "in_1", "12.345", "USD"], None, 2, "12.345 USD is not an amount"),
        (["agency", "in_1", "payment"], None, 2, "A payment needs --amount"),
        (["pause", "in_1", "--until", "tomorrow"], None, 2, "tomorrow is not a date: write it like 2026-12-01 (its"),
        (["pause", "in_1", "--note", "x" * 501], None, 2, "--note cannot be taken"),
        (["write-off", "in_1", "--by", "x" * 101], None, 2, "--by cannot be taken"),
        (["contact", "in_1", "sms", "bounced", "--event-id", "x" * 256], None, 2, "--event-id cannot be taken"),
        (["check-policy", "nowhere.yaml"], None, 1, "nowhere.yaml"),
    ],
)
def test_wrong_input(
    starter: Starter, client: Client, ledger: SqlLedger, words: list[str], stdin: str | None, code: int, sentence: str
) -> None:
    """One sentence each."""
    result = starter(*words, stdin=stdin)

    assert code == said(result)[0]
    assert sentence in result.stderr


def test_a_policy_is_checked(starter: Starter, tmp_path: Path) -> None:
    """A good one is summed up; of a broken one every mistake is named with its line."""
    good = ROOT / "policies" / "standard.yaml"
    broken = tmp_path / "broken.yaml"
    broken.write_text(good.read_text().replace("max_per_day: 1", "max_per_day: 0").replace("jitter:", "jiter:"))

    fine, wrong = starter("check-policy", str(good)), starter("check-policy", str(broken))

    assert (0, "") == said(fine)
    assert "standard@1 is well formed" in fine.stdout
    assert 1 == said(wrong)[0]
    assert "jiter" in wrong.stderr
    assert "max_per_day" in wrong.stderr


async def test_setting_up_twice(
    starter: Starter, client: Client, ledger: SqlLedger, failed: Failed, tmp_path: Path
) -> None:
    """Before it a start says what is missing; after it a start works; a second set-up changes nothing."""
    namespace = f"fresh-{uuid4().hex[:8]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=Duration(seconds=86_400))
    )
    env: dict[str, str | None] = {
        "TEMPORAL_NAMESPACE": namespace,
        "DUNNING_DATABASE_URL": f"sqlite:///{tmp_path / 'new' / 'dunning.db'}",
    }
    file = failed.file("payment_failed.json")

    early = await asyncio.to_thread(starter, "start", file, env=env)
    half = await asyncio.to_thread(starter, "start", file, env={"TEMPORAL_NAMESPACE": namespace})
    first = await asyncio.to_thread(starter, "setup", env=env)
    second = await asyncio.to_thread(starter, "setup", env=env)
    started = await asyncio.to_thread(starter, "start", file, env=env)

    assert (2, "The ledger is not set up, or not for this version: run python starter.py setup.") == said(early)
    assert (
        2,
        "The namespace does not know the search attributes of cases: run python starter.py setup.",
    ) == said(half)
    assert "DunningStatus" in first.stdout
    assert "The search attributes were there already." in second.stdout
    assert "opened" == started.stdout.split()[0]


async def test_an_operator_says_how_a_customer_wants_to_be_reached(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    invoice, customer, user = failed.invoice, failed.customer, "U4af4980629f04af4980629f04af49806"
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        words = ("customer", customer, "--preferred-channel", "line", "--line-user-id", user, "--by", "pat")
        hours = ("--call-hours", "mon-fri 17:00-19:00", "--call-hours", "sat 10:00-12:00")
        set_ = await asyncio.to_thread(starter, *words, *hours)
        late = await asyncio.to_thread(starter, "customer", customer, "--call-hours", "mon 22:00-02:00")
        wrong = await asyncio.to_thread(starter, "customer", customer, "--line-user-id", "ada")
        empty = await asyncio.to_thread(starter, "customer", customer)
        erased = await asyncio.to_thread(starter, "customer", customer, "--preferred-channel", "none", "--json")
        any_hour = await asyncio.to_thread(starter, "customer", customer, "--call-hours", "none")

    called = "is called mon-fri 17:00-19:00; sat 10:00-12:00 alone"
    assert f"{customer} prefers line, is {user} on LINE, and {called}.\n" == set_.stdout
    assert "is called whenever it is lawful" in any_hour.stdout
    assert 2 == said(late)[0]
    assert "--call-hours: 'mon 22:00-02:00': 22:00 has to come before 02:00" in said(late)[1]
    assert 2 == said(wrong)[0]
    assert "--line-user-id" in said(wrong)[1]
    assert (2, "Say --preferred-channel, --line-user-id, --call-hours, or several of them.") == said(empty)
    left = json.loads(erased.stdout)
    assert {"customer_id": customer, "preferred_channel": None, "line_user_id": user} == {
        name: left[name] for name in left if name != "call_hours"
    }
    assert ["17:00", "10:00"] == [each["start"] for each in left["call_hours"]]
    told = [fact for name, fact in await signals(client, invoice) if name == "contact_changed"]
    assert [(["line"], False), ([], True), ([], True)] == [(each["channels"], each["call_hours"]) for each in told]
    assert ["pat (command line)", *["operator (command line)"] * 2] == [asked.name for _, asked in ledger.audit()]


async def test_an_operator_protects_a_person_and_lets_the_cases_go_on(
    starter: Starter, client: Client, ledger: SqlLedger, settings: Settings, failed: Failed
) -> None:
    invoice, customer = failed.invoice, failed.customer
    async with build_worker(client, settings):
        await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
        protected = await asyncio.to_thread(starter, "protect", customer, "hardship", "--note", "called", "--by", "pat")
        endless = await asyncio.to_thread(starter, "protect", customer, "breathing_space")
        shown = await asyncio.to_thread(starter, "show", invoice)
        listed = await asyncio.to_thread(starter, "list")
        over = await asyncio.to_thread(starter, "unprotect", customer, "hardship")
        again = await asyncio.to_thread(starter, "unprotect", customer, "hardship")

    assert f"{customer} is protected: hardship (set by pat on " in protected.stdout
    assert (2, "A breathing space has an end: say until when.") == said(endless)
    assert "hardship: set by pat on" in shown.stdout
    assert f"starter.py unprotect {customer} hardship" in shown.stdout
    assert "hardship" in listed.stdout
    assert f"{customer} is not protected.\n" == over.stdout
    assert (1, f"Nothing of the kind protects customer {customer} now (hardship).") == said(again)
