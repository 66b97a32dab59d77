"""Every exchange in ``golden/`` goes as it is written there. ``make golden`` writes what goes now: read the diff."""

import pytest

from tests.dialects.exchanges import exchanges


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda exchange: f"{exchange.dialect}/{exchange.path.stem}")
def test_the_exchange_goes_as_it_is_written(exchange, world, request):
    performed = exchange.performed(world)
    if request.config.getoption("--write-golden"):
        performed.write()
    assert performed.response == exchange.response or request.config.getoption("--write-golden")
