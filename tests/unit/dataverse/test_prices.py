"""Prices of price list items, by method and rounding."""

from __future__ import annotations

import pytest

from windtunnel.simulator.services.dataverse.model.prices import list_price

PRODUCT = {"price": 200.0, "currentcost": 100.0, "standardcost": 80.0}


@pytest.mark.parametrize(
    ("item", "price"),
    [
        ({"pricingmethodcode": 1, "amount": 12.5}, 12.5),
        ({"pricingmethodcode": 1, "amount": None}, None),
        ({"amount": 3}, 3.0),
        ({"pricingmethodcode": 2, "percentage": 90}, 180.0),
        ({"pricingmethodcode": 3, "percentage": 50}, 150.0),
        ({"pricingmethodcode": 4, "percentage": 20}, 125.0),
        ({"pricingmethodcode": 4, "percentage": 100}, None),
        ({"pricingmethodcode": 5, "percentage": 50}, 120.0),
        ({"pricingmethodcode": 6, "percentage": 20}, 100.0),
        ({"pricingmethodcode": 7, "percentage": 20}, None),
    ],
)
def test_a_price_follows_its_method(item, price):
    assert list_price(item, PRODUCT) == price


@pytest.mark.parametrize(
    ("policy", "option", "amount", "price"),
    [
        (1, 2, 25, 183.0),
        (2, 2, 25, 200.0),
        (3, 2, 25, 175.0),
        (4, 2, 25, 175.0),
        (2, 1, 0.99, 183.99),
        (3, 1, 0.99, 182.99),
        (2, 1, 5, 185.0),
        (3, 1, 5, 175.0),
        (2, 2, 0, 183.0),
    ],
)
def test_a_price_is_rounded_as_the_item_says(policy, option, amount, price):
    item = {
        "pricingmethodcode": 2,
        "percentage": 91.5,
        "roundingpolicycode": policy,
        "roundingoptioncode": option,
        "roundingoptionamount": amount,
    }
    assert list_price(item, PRODUCT) == pytest.approx(price)


def test_a_price_without_its_cost_is_unknown():
    assert list_price({"pricingmethodcode": 3, "percentage": 5}, {}) is None
