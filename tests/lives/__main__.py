"""Lives as many lives as one likes: `python -m tests.lives whole 10000 --seed 1`.

`pure` has the domain alone (a few thousand in a minute), `whole` ledger, activities and stand-ins (some hundred). With
one life its story is told. Fails when anything is wrong.
"""

import argparse
import sys
import time

from tests.lives.many import SWEEPS, many_pure, many_whole, story_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lives", description=__doc__)
    parser.add_argument("ring", choices=["pure", "whole"])
    parser.add_argument("lives", type=int)
    parser.add_argument("--seed", type=int, default=1, help="of the first life; each other has the next one")
    parser.add_argument("--minutes", type=float, help="begin no other life after so long (whole)")
    parser.add_argument("--sweeps", action="store_true", help="no webhook comes, only sweeps (whole)")
    given = parser.parse_args()
    sweeps = SWEEPS if given.sweeps else None
    since, used = time.monotonic(), time.process_time()
    until = since + given.minutes * 60 if given.minutes else None
    if given.ring == "pure":
        count = many_pure(given.seed, given.lives)
    else:
        count = many_whole(given.seed, given.lives, until=until, sweeps=sweeps)
    if given.ring == "whole" and given.lives == 1:
        print("\n".join(story_of(given.seed, sweeps)))
    took, worked = time.monotonic() - since, time.process_time() - used
    print(
        f"{given.ring}: seeds {given.seed} to {given.seed + count.lives - 1}, {count.lives} lives, "
        f"{count.cases} cases, {len(count.wrong)} wrong, {took:.0f} s, {worked:.0f} s of processor"
    )
    return 1 if count.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
