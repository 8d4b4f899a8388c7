"""A small application: customers, invoices and private notes of each tenant."""
