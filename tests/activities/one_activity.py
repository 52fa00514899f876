"""A worker process that runs one activity and ends: `python -m tests.activities.one_activity NAME < task.json`.

It exists to be killed in the middle. It has its settings from the environment, as a worker has.
"""

import sys

from domain.base import Message
from domain.kinds.charge import ChargeTask
from domain.kinds.message import ContactTask
from domain.renewal import NoticeTask
from runtime import wiring
from runtime.settings import load_settings

_TASKS: dict[str, type[Message]] = {"charge": ChargeTask, "contact": ContactTask, "notice": NoticeTask}


def main() -> None:
    name = sys.argv[1]
    task = _TASKS[name].model_validate_json(sys.stdin.read())
    found = {activity.__name__: activity for activity in wiring.activities(load_settings())}
    found[name](task)


if __name__ == "__main__":
    main()
