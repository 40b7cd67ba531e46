"""Curves compared."""
