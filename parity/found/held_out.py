"""Recipes that are held out."""

from parity.found.found import Found

FOUND: tuple[Found, ...] = ()
