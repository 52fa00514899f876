"""The doctor as a command, in the environment of a test."""

from collections.abc import Callable

from typer.testing import CliRunner

from cli.app import app

Doctor = Callable[..., tuple[int, dict[str, str], dict[str, str]]]
NO_SERVER = {"TEMPORAL_ADDRESS": "127.0.0.1:9"}


def doctor_in(environment: dict[str, str]) -> Doctor:
    """Exit code, good lines and bad lines in the test's environment; `env` overrides it. No secret is ever shown."""

    def run(env: dict[str, str] | None = None) -> tuple[int, dict[str, str], dict[str, str]]:
        given = {**environment, **(env or {})}
        result = CliRunner().invoke(app, ["doctor"], env=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        secrets = [value for name, value in given.items() if name.endswith(("KEY", "TOKEN", "SECRET")) and value]
        assert [] == [secret for secret in secrets if secret in result.output]
        lines = [(line[:3].strip(), *line[5:].split(": ", 1)) for line in result.stdout.splitlines()]
        good, bad = ({what: said for mark, what, said in lines if mark == wanted} for wanted in ("ok", "BAD"))
        return result.exit_code, good, bad

    return run
