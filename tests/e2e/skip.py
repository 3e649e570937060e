"""Leaving a test out where it cannot be tried: never without the reason, and never under
scripts/test, which installs every tool that the tests need."""

import os

import pytest


def skip_because(why):
    if os.environ.get("ELOQUENT_NO_SKIPS") == "1":
        pytest.fail(why)
    pytest.skip(why)
