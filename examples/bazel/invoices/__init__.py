"""Invoices for carts."""
