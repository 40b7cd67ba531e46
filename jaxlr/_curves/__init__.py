"""Curves read as segments, and what makes two of them differ."""
