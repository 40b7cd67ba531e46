"""Pairs of learning rates whose difference is known: what a diagnosis must say of each."""
