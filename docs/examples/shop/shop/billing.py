"""What the application does. The tenant is that of the request: a middleware opens its `tenant_context`."""

from uuid import UUID

from sqlalchemy import func, select

from app_db.session import tenant_session

from .models import Customer, Invoice


def send_invoice(email: str, number: str, total_minor: int) -> UUID:
    """Write an invoice for the customer of that address, who is made where he is new; return its id."""
    with tenant_session() as session:
        customer = session.scalar(select(Customer).where(Customer.email == email))
        if customer is None:
            customer = Customer(email=email)
            session.add(customer)
            session.flush()
        invoice = Invoice(customer_id=customer.id, number=number, total_minor=total_minor)
        session.add(invoice)
    return invoice.id


def owed() -> dict[str, int]:
    """Return what each customer owes, in one query."""
    query = (
        select(Customer.email, func.sum(Invoice.total_minor))
        .join(Invoice, (Invoice.tenant_id == Customer.tenant_id) & (Invoice.customer_id == Customer.id))
        .group_by(Customer.email)
    )
    with tenant_session() as session:
        return {email: int(total) for email, total in session.execute(query)}
