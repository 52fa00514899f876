"""Every change of the workflow's commands since its first release, newest last.

A case lives for months, so an edit that changes the order of commands (a timer, an activity, an upsert) of a case
that is already running needs a patch: `if workflow.patched(NAME)`. List its name here with the release and the
reason; remove it only when no case from before it is open (`starter.py list`), after a release with
`workflow.deprecate_patch(NAME)`. The fingerprint test says when a patch may be needed.
"""

PATCHES: tuple[str, ...] = ()
