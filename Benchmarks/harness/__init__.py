"""What run.py is made of: the list of work, the alternation, the page."""
