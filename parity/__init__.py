"""The suite: every scheduler stepped beside torch's own, for real."""
