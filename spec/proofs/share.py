"""What one run of the gate tries of many."""

import os


def share(things, shares):
    """One of so many shares of these: the number in the environment variable SHARE says which.
    Without a number there, it is all."""
    number = os.environ.get("SHARE")
    return things[int(number) % shares :: shares] if number else things
