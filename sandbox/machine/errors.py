"""The one error of the stand-in world's set-up."""


class SandboxError(Exception):
    """The stand-in world cannot start or go on; the message is one sentence that says what is wrong and what to do."""
