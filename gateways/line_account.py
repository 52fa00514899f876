"""How LINE's official account stands: whether its token works, how much is left of the month, where events go."""

from gateways.line_api import LineApi, Refused
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble


class LineAccount:
    """Reads only. Raises ProviderTrouble or ProviderMisuse, each with one sentence."""

    def __init__(self, api: LineApi) -> None:
        self._api = api

    def name(self) -> str:
        """What the account is called."""
        messaging, timeout = self._api.messaging, self._api.timeout
        try:
            return str(
                self._api.call("read the account", lambda: messaging.get_bot_info(_request_timeout=timeout)).basic_id
            )
        except Refused as refused:
            raise _refused(refused) from None

    def left(self) -> int | None:
        """How many messages the plan has left in this month; None: there is no limit."""
        messaging, timeout = self._api.messaging, self._api.timeout
        try:
            quota = self._api.call("read the quota", lambda: messaging.get_message_quota(_request_timeout=timeout))
            used = self._api.call(
                "read the consumption", lambda: messaging.get_message_quota_consumption(_request_timeout=timeout)
            )
        except Refused as refused:
            raise _refused(refused) from None
        return None if quota.value is None else max(0, int(quota.value) - int(used.total_usage))

    def webhook(self) -> tuple[str, bool] | None:
        """Where events go, and whether that is switched on; None: nowhere."""
        messaging, timeout = self._api.messaging, self._api.timeout
        try:
            found = self._api.call("read the webhook", lambda: messaging.get_webhook_endpoint(_request_timeout=timeout))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise _refused(refused) from None
        return found.endpoint, bool(found.active)


def _refused(refused: Refused) -> Exception:
    if refused.status == 401:
        return ProviderMisuse("LINE refuses the token: check LINE_CHANNEL_ACCESS_TOKEN.")
    if refused.status == 429:
        return ProviderTrouble("LINE asks to wait: look again in a minute.", refused.wait)
    return ProviderMisuse(f"LINE refuses ({refused.codes[0]}): look at the channel in LINE's console.")
