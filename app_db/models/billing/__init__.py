"""Money that a tenant's customers pay: methods, payments, refunds, the ledger, subscriptions.

Amounts are in the currency's minor unit. No column holds a card number: see `checks`.
"""

from .ledger import Refund, Transaction
from .methods import PaymentMethod
from .payments import Payment
from .subscriptions import Subscription

__all__ = ["Payment", "PaymentMethod", "Refund", "Subscription", "Transaction"]
