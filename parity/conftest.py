"""Hypothesis profiles: `make fuzz` runs the thorough one."""

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1_000, **COMMON)
settings.load_profile("quick")  # --hypothesis-profile overrides it
