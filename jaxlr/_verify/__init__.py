"""Two learning rates compared: what a side may be, the verdict, the report."""
