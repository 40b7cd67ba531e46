"""What torch does with them: its constructors and steps, on one parameter group."""
