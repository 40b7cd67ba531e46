"""Every figure that the documentation gives, measured beside what it is compared with."""
