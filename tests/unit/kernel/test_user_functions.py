"""Functions of the user's own: found by reference, or refused with place and remedy."""

from __future__ import annotations

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.user_functions import load_function


def test_a_reference_leads_to_the_function():
    assert load_function("posixpath:basename", "customapis.0.function")("a/b") == "b"


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("no_such_package:run", "the module of 'no_such_package:run' cannot be imported"),
        (":run", "the module of ':run' cannot be imported"),
        ("", "the module of '' cannot be imported"),
        ("posixpath:no_such_name", "'posixpath:no_such_name' is not a function"),
        ("posixpath:sep", "'posixpath:sep' is not a function"),
        ("posixpath", "'posixpath' is not a function"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_with_its_setting(reference, problem):
    with pytest.raises(UsageError) as caught:
        load_function(reference, "customapis.0.function")
    assert str(caught.value).startswith(f"customapis.0.function: {problem}")
    assert "package.module:function" in caught.value.remedy
