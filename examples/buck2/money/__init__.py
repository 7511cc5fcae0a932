"""Amounts and currencies."""
