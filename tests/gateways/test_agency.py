"""The collections agency: over HTTP against the stand-in, and as a folder."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateways.agency import FolderAgency, HttpAgency, agency_for
from gateways.ports.agency import EvidenceBundle
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble
from sandbox.providers.world import ProviderWorld

BUNDLE = EvidenceBundle(json_text='{"invoice": {"id": "in_1"}, "amount": 1999}', html="<h1>in_1 – ขอบคุณ</h1>")
HANDOFF = "dun:in_1:handoff"
SECOND = timedelta(seconds=2)


def http(world: ProviderWorld, token: str | None = None) -> HttpAgency:
    return HttpAgency(world.agency_url, token or world.agency.token, SECOND)


def test_the_endpoint_decides_which_agency_it_is(tmp_path: Path) -> None:
    """An http or https address is called, anything else is a folder."""
    made = [agency_for(where, None, SECOND) for where in ("https://agency.example.com", "HTTP://a", str(tmp_path))]

    assert [HttpAgency, HttpAgency, FolderAgency] == [type(agency) for agency in made]


def test_a_handoff_reaches_the_agency_with_its_evidence(world: ProviderWorld) -> None:
    """The bundle as JSON and as a page; the agency's reference comes back."""
    reference = http(world).hand_off(HANDOFF, BUNDLE)

    (handoff,) = world.agency.handoffs
    assert (reference, HANDOFF) == (handoff.reference, handoff.handoff_id)
    assert (json.loads(BUNDLE.json_text), BUNDLE.html) == (handoff.bundle, handoff.html)


@pytest.mark.parametrize("mode", ["timeout_after", "500_after", "malformed"])
def test_a_lost_answer_makes_no_second_handoff(world: ProviderWorld, mode: str) -> None:
    """It is delivered again under the same id and gets the same reference."""
    world.faults.add("agency", "/handoffs", mode)
    agency = http(world)

    with pytest.raises(ProviderTrouble):
        agency.hand_off(HANDOFF, BUNDLE)
    reference = agency.hand_off(HANDOFF, BUNDLE)

    assert [reference] == [handoff.reference for handoff in world.agency.handoffs]


def test_a_recall_takes_the_case_back_and_may_be_repeated(world: ProviderWorld) -> None:
    """Recalled already is success."""
    agency = http(world)
    reference = agency.hand_off(HANDOFF, BUNDLE)

    agency.recall(reference, "the invoice was paid", "dun:in_1:recall")
    agency.recall(reference, "the invoice was paid", "dun:in_1:recall")

    assert ["recalled"] == [handoff.status for handoff in world.agency.handoffs]


def test_an_unknown_reference_is_named(world: ProviderWorld) -> None:
    """So that the operator can ask the agency; it cannot lead to another address either."""
    with pytest.raises(NotFound, match=r"\.\./AG-9"):
        http(world).recall("../AG-9", "paid", "k")


def test_a_wrong_token_names_the_setting(world: ProviderWorld) -> None:
    """One sentence that says what to check; the token appears nowhere."""
    wrong = http(world, "wrong-secret")

    with pytest.raises(ProviderMisuse, match="AGENCY_TOKEN") as raised:
        wrong.hand_off(HANDOFF, BUNDLE)

    assert "wrong-secret" not in str(raised.value) + repr(wrong)


def test_a_folder_gets_the_bundle_as_two_files(tmp_path: Path) -> None:
    """The folder is made when it is missing, the reference is the handoff's id, and nothing else is left in it."""
    folder = tmp_path / "var" / "handoffs"

    reference = FolderAgency(folder).hand_off(HANDOFF, BUNDLE)

    assert HANDOFF == reference
    assert {f"{HANDOFF}.json": BUNDLE.json_text, f"{HANDOFF}.html": BUNDLE.html} == {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()
    }


def test_a_folder_keeps_the_first_bundle_of_a_handoff(tmp_path: Path) -> None:
    """The evidence that was handed over does not change under the agency's hands."""
    agency = FolderAgency(tmp_path)
    agency.hand_off(HANDOFF, BUNDLE)

    agency.hand_off(HANDOFF, EvidenceBundle(json_text="{}", html=""))

    assert BUNDLE.json_text == (tmp_path / f"{HANDOFF}.json").read_text()


def test_a_handoff_that_died_half_way_is_completed(tmp_path: Path) -> None:
    """The page was there, the JSON was not: both come from the second bundle."""
    (tmp_path / f"{HANDOFF}.html").write_text("old")

    FolderAgency(tmp_path).hand_off(HANDOFF, BUNDLE)

    assert BUNDLE.html == (tmp_path / f"{HANDOFF}.html").read_text(encoding="utf-8")


def test_a_recall_is_a_file_beside_the_handoff(tmp_path: Path) -> None:
    """Which one, why, and under which key."""
    agency = FolderAgency(tmp_path)
    agency.hand_off(HANDOFF, BUNDLE)

    agency.recall(HANDOFF, "the invoice was paid", "dun:in_1:recall")

    assert {"reference": HANDOFF, "why": "the invoice was paid", "key": "dun:in_1:recall"} == json.loads(
        (tmp_path / f"{HANDOFF}.recall.json").read_text()
    )


def test_recalling_what_was_never_handed_over_is_refused(tmp_path: Path) -> None:
    """The id is named."""
    with pytest.raises(NotFound, match="dun:in_9"):
        FolderAgency(tmp_path).recall("dun:in_9:handoff", "paid", "k")


def test_an_id_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    """Invoice ids come from outside."""
    folder = tmp_path / "handoffs"

    FolderAgency(folder).hand_off("../../evil", BUNDLE)

    assert [folder] == list(tmp_path.iterdir())
    assert 2 == len(list(folder.iterdir()))


def test_a_folder_that_is_none_is_misuse(tmp_path: Path) -> None:
    """One sentence that names the setting."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ProviderMisuse, match="AGENCY_ENDPOINT"):
        FolderAgency(tmp_path / "file").hand_off(HANDOFF, BUNDLE)
