"""The service responds as in the golden files. ``make golden`` writes the current responses: review the diff."""

import pytest

from tests.dialects.exchanges import exchanges


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda exchange: f"{exchange.dialect}/{exchange.path.stem}")
def test_the_response_equals_the_golden_file(exchange, world, request):
    performed = exchange.performed(world)
    if request.config.getoption("--write-golden"):
        performed.write()
    assert performed.response == exchange.response or request.config.getoption("--write-golden")
