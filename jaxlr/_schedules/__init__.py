"""The values: what a schedule says of itself, one idea a file."""
