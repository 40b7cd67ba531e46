"""The bridge to torch and back; torch is imported inside functions alone."""
