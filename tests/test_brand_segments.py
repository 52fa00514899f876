"""A brand for a segment lies over the merchant's own, key by key, and is checked as that is."""

from pathlib import Path

import pytest

from domain.steps import WRITTEN, Channel, Stage
from runtime import wiring
from runtime.branding import brands
from runtime.settings import Settings, SettingsError
from tests.gateways.test_messages import an_invoice, some_facts, someone
from tests.letters import A_DAY
from tests.segments import folder_with_segments

OWN = "name: Nimbus\ncontact: help@nimbus.example\nsegments:\n  gold:\n"


def of(settings: Settings, tmp_path: Path, brand: str | None = None) -> Settings:
    folder = folder_with_segments(tmp_path, brand) if brand else folder_with_segments(tmp_path)
    return settings.model_copy(update={"dunning_policies": folder})


def test_what_a_segment_does_not_say_is_the_merchants_own(settings: Settings, tmp_path: Path) -> None:
    """But who has another name does not write under the one of before."""
    found = brands(of(settings, tmp_path))
    own, gold = found.own, found.of("gold")

    assert ("Nimbus", "Aurora", "Nimbus") == (own.name, gold.name, found.of("silver").name)
    assert ("Nimbus Billing", None) == (own.sender_name, gold.sender_name)
    assert "#0f766e" == gold.colours.light.action != own.colours.light.action
    assert (own.colours.dark, own.colours.light.text) == (gold.colours.dark, gold.colours.light.text)


def test_a_segment_that_says_only_where_it_answers_keeps_the_rest(settings: Settings, tmp_path: Path) -> None:
    said = "name: Nimbus\ncontact: help@nimbus.example\nsender_name: Billing\nlogo: https://nimbus.example/l.png\n"
    gold = brands(
        of(settings, tmp_path, f"{said}segments: {{gold: {{contact: vip@nimbus.example, logo: null}}}}\n")
    ).of("gold")

    assert ("Nimbus", "vip@nimbus.example", "Billing", None) == (gold.name, gold.contact, gold.sender_name, gold.logo)


@pytest.mark.parametrize("channel", list(WRITTEN))
def test_every_channel_speaks_for_the_cases_brand(settings: Settings, tmp_path: Path, channel: Channel) -> None:
    messages, _, _ = wiring.data_files(of(settings, tmp_path))
    own, gold = (
        messages.of(segment).render(channel, some_facts(Stage.REMINDER), someone(), an_invoice(), "en", on=A_DAY)
        for segment in ("any", "gold")
    )

    for message, name, other in ((own, "Nimbus", "Aurora"), (gold, "Aurora", "Nimbus")):
        read = f"{message.subject} {message.text} {message.html}"
        assert name in read
        assert other not in read
        assert other.lower() not in read


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("    nmae: Aurora\n", r"brand\.yaml:5: segments\.gold\.nmae: unknown key; did you mean name\?"),
        ("    contact: our staff\n", r"brand\.yaml:5: segments\.gold\.contact: is neither an e-mail address"),
        ("    contact: null\n", r"brand\.yaml:5: segments\.gold\.contact: an empty value"),
        (
            '    colours:\n      light: {text: "#eeeeee"}\n',
            r"brand\.yaml:6: segments\.gold\.colours\.light\.text: its contrast with card is 1\.2",
        ),
        (
            '    colours:\n      light: {card: "#1f2937"}\n',
            r"brand\.yaml:6: segments\.gold\.colours\.light: text: its contrast with card is 1\.0",
        ),
        ("    segments: {any: {}}\n", r"brand\.yaml:5: segments\.gold\.segments: unknown key"),
        ("    [name]\n", r"brand\.yaml:4: segments\.gold: it has to consist of keys and values"),
        (
            "    name: Aurora\n  glod: {}\n",
            r"brand\.yaml:6: segments\.glod: no policy is for this .*policies name gold",
        ),
        ("    name: Aurora\n  any: {}\n", r"brand\.yaml:6: segments\.any: any is everybody"),
    ],
)
def test_a_wrong_segment_stops_the_worker_with_one_sentence(
    settings: Settings, tmp_path: Path, entry: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        wiring.activities(of(settings, tmp_path, OWN + entry))


@pytest.mark.parametrize("said", ["segments: [gold]\n", "segments: gold\n"])
def test_segments_that_are_no_keys_are_refused(settings: Settings, tmp_path: Path, said: str) -> None:
    with pytest.raises(SettingsError, match=r"brand\.yaml:2: segments: it has to consist of segments"):
        brands(of(settings, tmp_path, f"name: Nimbus\n{said}"))


def test_a_wrong_policy_holds_up_no_worker_that_has_brands_of_segments(settings: Settings, tmp_path: Path) -> None:
    """It opens no case; those that run go on."""
    own = of(settings, tmp_path)
    (own.dunning_policies / "gold.yaml").write_text("name: gold\n", "utf-8")

    assert "Aurora" == brands(own).of("gold").name
    assert wiring.activities(own)
