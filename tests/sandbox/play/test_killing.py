"""Who is killed when follows from the seed."""

import argparse
from itertools import islice

import pytest

from sandbox.play.killing import drawn, victims

ALL = ("web", "worker", "server")


def test_the_same_seed_draws_the_same_seconds_and_another_one_others() -> None:
    assert drawn(ALL, 3) == drawn(ALL, 3)
    assert drawn(ALL, 3) != drawn(ALL, 4)


def test_each_is_killed_as_often_as_the_others() -> None:
    names = [name for _, name in islice(drawn(ALL, 3), 30)]

    assert dict.fromkeys(ALL, 10) == {name: names.count(name) for name in ALL}


def test_there_is_time_to_come_up_again() -> None:
    assert all(2 <= pause <= 20 for pause, _ in drawn(ALL, 3))


def test_a_name_that_nothing_has_is_refused() -> None:
    assert ("web", "server") == victims("web,server")
    with pytest.raises(argparse.ArgumentTypeError, match="'stripe' cannot be killed: name some of web,worker,server"):
        victims("stripe")
