"""What the documents say is true of the tree."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from domain.case import CaseStatus, Outcome
from domain.closed import Closings
from domain.declines import DeclineClass
from domain.policy import Admission, CatchUp, Collections, Contacts, Endgame, Policy, Retries, TimelineEntry
from domain.registry import FORMS
from domain.renewal import Renewals
from domain.steps import DEMANDS
from domain.telling import FACTS, TELLINGS
from gateways import stripe_events
from gateways.policy_files import PolicyError, load_policy
from runtime.settings import ROOT, Settings
from service.records import plain_failure
from workflows import attributes

README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
POLICIES = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
STANDARD = ROOT / "policies/standard.yaml"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SPLIT = re.compile(r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")


def _section(text: str, title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}.*?\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def _rows(text: str) -> list[list[str]]:
    """The rows of the tables in the text, without heads; cells without surrounding space."""
    lines = text.splitlines()
    cells = [[c.strip() for c in _SPLIT.split(line)[1:-1]] for line in lines if line.startswith("|")]
    rules = {i for i, row in enumerate(cells) if all(re.fullmatch(r"-+", c) for c in row)}
    return [row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules]


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _shown(value: Any) -> str:
    """A default as the table shows it."""
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            seconds = int(value.total_seconds())
            if seconds % 86_400 == 0:
                return f"`P{seconds // 86_400}D`"
            return f"`PT{seconds // 60}M`" if seconds % 60 == 0 else f"`PT{seconds}S`"
    text = str(value).removeprefix("sqlite:///").removeprefix(f"{ROOT}/")
    return f"`{text}`"


def test_settings_table_has_every_setting_with_its_default() -> None:
    told = {_code(name)[0]: default for name, default, _ in _rows(_section(README, "Settings"))}

    assert {name.upper(): _shown(field.default) for name, field in Settings.model_fields.items()} == told


def test_table_of_signals_is_complete_and_its_examples_work() -> None:
    """Each signal and update is in the table, with JSON that the case understands."""
    rows = {_code(name)[0]: (kind, _code(example)[0]) for name, kind, example in _rows(_section(README, "Operate"))}

    assert set(TELLINGS) == set(rows)
    for name, (kind, example) in rows.items():
        model = TELLINGS[name].form
        given = json.loads(example)

        assert ("signal" if name in FACTS else "update, signal") == kind
        assert set(given) <= set(model.model_fields)
        assert model.model_validate(given)


def test_example_of_a_plain_record_can_be_read() -> None:
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert example

    failure = plain_failure(json.loads(example[1]), datetime(2099, 1, 1, tzinfo=UTC))

    assert "in_1Q2w3E4r" == failure.invoice_id


def test_list_of_stripe_events_is_the_one_that_is_taken_in() -> None:
    taken = set(stripe_events.READERS)
    prefixes = r"(?:invoice|invoice_payment|credit_note|payment_intent|payment_method|setup_intent|customer|charge)\."

    assert taken == {e for e in _code(_section(README, "Stripe set-up")) if re.match(prefixes, e)}


def test_outcomes_of_this_release_are_explained() -> None:
    told = {_code(row[0])[0] for row in _rows(_section(README, "A case's life")) if len(row) == 2}

    assert {outcome.value for outcome in Outcome} - {"plan_completed"} == told


def test_day_table_is_the_shipped_policy() -> None:
    rows = [row for row in _rows(_section(README, "A case's life")) if len(row) == 4]
    policy = load_policy(STANDARD)
    charges = [e.day for e in policy.timeline if any(form.counts for form in e.do)]
    messages = [e.day for e in policy.timeline if any(form.speaks for form in e.do)]

    assert [0, *(entry.day for entry in policy.timeline)] == [int(row[0]) for row in rows]
    assert charges == [int(row[0]) for row in rows if "retry" in row[1]]
    assert messages == [int(row[0]) for row in rows[1:] if row[2]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document: Path) -> None:
    """A path in code marks that begins with one of our folders is there."""
    rooms = (
        "domain|workflows|activities|gateways|service|cli|runtime|policies|sandbox|deploy|docs|tests|bench|requirements"
    )
    for name in re.findall(rf"`((?:{rooms}|requirements)/[\w./-]*)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_named_commands_exist() -> None:
    """Each `python starter.py …` and `make …` of the documents is one that the programs know."""
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    command = [sys.executable, "starter.py", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^  ([a-z-]+)  ", shown, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set() == set(re.findall(r"starter\.py ([a-z][a-z-]*)", text)) - known
    assert set() == set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) - targets


def test_directory_table_names_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    folders = {line.split("/")[0] for line in listed.stdout.splitlines() if "/" in line}
    told = {name.rstrip("/") for row in _rows(_section(README, "Directories")) for name in _code(row[0])}

    assert {f for f in folders if not f.startswith(".")} - {"requirements"} <= told
    assert set() == {name for name in told if not (ROOT / name).exists()}


def test_decisions_are_all_listed() -> None:
    folder = ROOT / "docs/decisions"
    pages = {page.name for page in folder.glob("[0-9]*.md")}

    assert pages == set(re.findall(r"\((\d[^)]+\.md)\)", (folder / "README.md").read_text()))
    for page in sorted(pages):
        heads = re.findall(r"^## (.+)$", (folder / page).read_text(), re.MULTILINE)
        assert ["Context", "Decision", "Consequences", "Rejected"] == heads, page


def test_search_attributes_are_all_explained() -> None:
    told = {name for row in _rows(_section(OPERATIONS, "Find cases in the UI")) for name in _code(row[0])}

    assert {key.name for key in attributes.ALL} == told


def test_values_of_search_attributes_are_those_that_cases_have() -> None:
    rows = {
        _code(r[0])[0]: set(_code(r[1])) for r in _rows(_section(OPERATIONS, "Find cases in the UI")) if _code(r[0])
    }

    assert {status.value for status in CaseStatus} == rows["DunningStatus"]
    assert {"silent", *(stage.value for stage in DEMANDS)} == rows["DunningStage"]
    assert {each.value for each in DeclineClass} == rows["DunningDeclineClass"]


def _mistakes() -> list[tuple[str, str, str]]:
    """What is changed, into what, and the answer. A row's own code marks stay in its last cell."""
    section = _section(POLICIES, "Mistakes and what you are told")
    pattern = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+)` \|$", re.MULTILINE)
    return [(a, b, c) for a, b, c in pattern.findall(section)]


@pytest.mark.parametrize(("right", "wrong", "answer"), _mistakes(), ids=lambda text: str(text)[:30])
def test_mistakes_get_the_answer_that_the_page_shows(right: str, wrong: str, answer: str, tmp_path: Path) -> None:
    text = STANDARD.read_text()
    assert right in text
    # `- day: 1` begins `- day: 10` as well: the whole line counts.
    mistaken = re.sub(rf"{re.escape(right)}(?!\d)", lambda _: wrong, text, count=1)
    file = tmp_path / "standard.yaml"
    file.write_text(mistaken)

    with pytest.raises(PolicyError) as caught:
        load_policy(file)

    assert f"{file}{answer}" == str(caught.value)


@pytest.mark.parametrize(
    ("title", "model", "prefix"),
    [
        ("Keys", Policy, ""),
        ("`timeline`: a list of days", TimelineEntry, ""),
        ("`retries`", Retries, ""),
        ("`contacts`", Contacts, ""),
        ("`admission`", Admission, ""),
        ("`renewals`", Renewals, ""),
        ("`closing`", Closings, ""),
        ("`endgame`", Endgame, ""),
        ("`endgame`", Collections, "collections."),
    ],
)
def test_every_key_of_a_policy_is_explained_with_its_default(title: str, model: type[BaseModel], prefix: str) -> None:
    rows = {_code(r[0])[0]: r[1] for r in _rows(_section(POLICIES, title)) if len(r) == 3}
    told = {n.removeprefix(prefix): d for n, d in rows.items() if n.startswith(prefix) and "." not in n[len(prefix) :]}

    assert set(model.model_fields) == set(told)
    for name, field in model.model_fields.items():
        assert field.is_required() == ("needed" == told[name]), name


def test_every_kind_of_step_is_explained() -> None:
    told = {
        re.split(r"\W", _code(r[0])[0])[0]
        for r in _rows(_section(POLICIES, "`timeline`: a list of days"))
        if len(r) == 2
    }

    assert set(FORMS) == told


def test_every_catch_up_rule_is_explained() -> None:
    assert {rule.value for rule in CatchUp} == {_code(r[0])[0] for r in _rows(_section(POLICIES, "`catch_up`"))}


def test_check_policy_says_what_the_page_shows() -> None:
    command = [sys.executable, "starter.py", "check-policy", "policies/standard.yaml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout in POLICIES


def test_compose_serves_the_addresses_that_the_pages_name() -> None:
    services = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
    named = set(re.findall(r"http://127\.0\.0\.1:(\d+)", OPERATIONS))

    assert named == {port.split(":")[1] for port in services["ui"]["ports"]}
    assert set(re.findall(r"docker compose (?:restart|stop|run (?:--?[\w-]+ )+)(\w[\w-]*)", OPERATIONS)) <= set(
        services
    )
