"""Learning-rate recipes as they are found in frameworks and training scripts, and what each becomes."""
