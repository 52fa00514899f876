"""What the activities expect of the merchant's application."""

from typing import Protocol

from domain.steps import Access


class ServiceAccess(Protocol):
    """The merchant's application, told by a signed webhook."""

    def set_access(
        self, customer_id: str, subscription_id: str | None, invoice_id: str, access: Access, key: str
    ) -> None: ...
