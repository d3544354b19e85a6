"""Lines of sales documents are priced as they are written, and documents follow their lines."""

from __future__ import annotations

import pytest

KINDS = [
    ("opportunities", "opportunityproducts", "opportunityid"),
    ("quotes", "quotedetails", "quoteid"),
    ("salesorders", "salesorderdetails", "salesorderid"),
    ("invoices", "invoicedetails", "invoiceid"),
]
TOTALS = (
    "totallineitemamount",
    "totallineitemdiscountamount",
    "totaldiscountamount",
    "totalamountlessfreight",
    "totaltax",
    "totalamount",
)


def first(dataverse, entity_set, key):
    [row] = dataverse.ask("GET", f"{entity_set}?$top=1&$select={key}").json["value"]
    return row[key]


def write_in(dataverse, kind, key, **values):
    """A line of a product that is in no catalogue."""
    entity_set, lines, lookup = kind
    return dataverse.create(
        lines,
        isproductoverridden=True,
        productdescription="Hammer",
        **{f"{lookup}@odata.bind": f"/{entity_set}({key})", **values},
    )


def amounts(dataverse, path, names=TOTALS):
    row = dataverse.ask("GET", f"{path}?$select={','.join(names)}").json
    return tuple(row[name] for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_totals_follow_lines_that_come_change_and_go(dataverse, kind):
    entity_set, lines, _ = kind
    key = dataverse.create(entity_set, name="Document")
    path = f"{entity_set}({key})"
    one = write_in(
        dataverse, kind, key, quantity=2, priceperunit=50, tax=3, manualdiscountamount=10
    )
    line = amounts(dataverse, f"{lines}({one})", ("baseamount", "extendedamount"))
    assert line == (100, 93)
    two = write_in(dataverse, kind, key, quantity=1, priceperunit=100)
    assert amounts(dataverse, path) == (190, 10, 0, 190, 3, 193)
    assert dataverse.ask("PATCH", f"{lines}({two})", {"quantity": 3}).status == 204
    assert amounts(dataverse, path) == (390, 10, 0, 390, 3, 393)
    more = {"discountpercentage": 10, "discountamount": 1, "freightamount": 5}
    assert dataverse.ask("PATCH", path, more).status == 204
    assert amounts(dataverse, path) == (390, 10, 40, 350, 3, 358)
    assert amounts(dataverse, path, ("totalamount_base",)) == (358,)
    assert dataverse.ask("DELETE", f"{lines}({one})").status == 204
    assert amounts(dataverse, path) == (300, 0, 31, 269, 0, 274)


def test_lines_that_come_with_their_document_are_added_up(dataverse):
    lines = [
        {"isproductoverridden": True, "productdescription": text, "quantity": 2, "priceperunit": 5}
        for text in ("Nail", "Screw")
    ]
    key = dataverse.create("quotes", name="Q", freightamount=1, quote_details=lines)
    assert amounts(dataverse, f"quotes({key})", ("totalamount", "totallineitemamount")) == (21, 20)


def test_a_line_that_moves_is_taken_off_the_one_and_added_to_the_other(dataverse):
    kind = KINDS[1]
    one, two = (dataverse.create("quotes", name=name) for name in "AB")
    line = write_in(dataverse, kind, one, quantity=1, priceperunit=7)
    moved = {"quoteid@odata.bind": f"/quotes({two})"}
    assert dataverse.ask("PATCH", f"quotedetails({line})", moved).status == 204
    assert amounts(dataverse, f"quotes({one})", ("totalamount",)) == (0,)
    assert amounts(dataverse, f"quotes({two})", ("totalamount",)) == (7,)


def test_the_revenue_of_an_opportunity_follows_where_it_is_calculated(dataverse):
    for calculated, estimated in ((True, 30), (False, 5)):
        key = dataverse.create(
            "opportunities", name="D", isrevenuesystemcalculated=calculated, estimatedvalue=5
        )
        write_in(dataverse, KINDS[0], key, quantity=3, priceperunit=10)
        shown = amounts(dataverse, f"opportunities({key})", ("totalamount", "estimatedvalue"))
        assert shown == (30, estimated)


@pytest.fixture
def catalogue(dataverse):
    """A quote with the sample price list, a product with its unit, and what it costs there."""
    query = "productpricelevels?$top=1&$select=amount,_productid_value,_uomid_value"
    [item] = dataverse.ask("GET", query).json["value"]
    prices = first(dataverse, "pricelevels", "pricelevelid")
    quote = dataverse.create(
        "quotes", name="Q", **{"pricelevelid@odata.bind": f"/pricelevels({prices})"}
    )
    bind = {
        "quoteid@odata.bind": f"/quotes({quote})",
        "productid@odata.bind": f"/products({item['_productid_value']})",
        "uomid@odata.bind": f"/uoms({item['_uomid_value']})",
    }
    return quote, bind, item


def test_the_price_comes_from_the_price_list_unless_it_is_overridden(dataverse, catalogue):
    quote, bind, item = catalogue
    price = item["amount"]
    line = dataverse.create("quotedetails", quantity=2, priceperunit=1, **bind)
    shown = ("priceperunit", "extendedamount", "pricingerrorcode")
    assert amounts(dataverse, f"quotedetails({line})", shown) == (price, 2 * price, 0)
    own = dataverse.create(
        "quotedetails", quantity=1, priceperunit=1, ispriceoverridden=True, **bind
    )
    assert amounts(dataverse, f"quotedetails({own})", ("priceperunit",)) == (1,)
    assert amounts(dataverse, f"quotes({quote})", ("totalamount",)) == (2 * price + 1,)


def test_a_product_that_is_not_in_the_list_says_so(dataverse, catalogue):
    _, bind, _ = catalogue
    product = dataverse.create("products", name="New", productnumber="N-1")
    body = {**bind, "productid@odata.bind": f"/products({product})"}
    line = dataverse.create("quotedetails", quantity=1, **body)
    assert amounts(dataverse, f"quotedetails({line})", ("pricingerrorcode",)) == (11,)
    other = dataverse.create("quotes", name="Without a list")
    body = {**body, "quoteid@odata.bind": f"/quotes({other})"}
    line = dataverse.create("quotedetails", quantity=1, **body)
    assert amounts(dataverse, f"quotedetails({line})", ("pricingerrorcode",)) == (2,)


def test_another_price_list_prices_the_lines_anew(dataverse, catalogue):
    quote, bind, item = catalogue
    dataverse.create("quotedetails", quantity=2, **bind)
    cheap = dataverse.create("pricelevels", name="Cheap")
    dataverse.create(
        "productpricelevels",
        amount=3,
        pricingmethodcode=1,
        **{
            "pricelevelid@odata.bind": f"/pricelevels({cheap})",
            "productid@odata.bind": bind["productid@odata.bind"],
            "uomid@odata.bind": bind["uomid@odata.bind"],
        },
    )
    assert amounts(dataverse, f"quotes({quote})", ("totalamount",)) == (2 * item["amount"],)
    change = {"pricelevelid@odata.bind": f"/pricelevels({cheap})"}
    assert dataverse.ask("PATCH", f"quotes({quote})", change).status == 204
    assert amounts(dataverse, f"quotes({quote})", ("totalamount",)) == (6,)


def test_locked_prices_stay_as_they_are(dataverse, catalogue):
    _, bind, item = catalogue
    order = dataverse.create("salesorders", name="O", ispricelocked=True)
    body = {k: v for k, v in bind.items() if k != "quoteid@odata.bind"}
    body["salesorderid@odata.bind"] = f"/salesorders({order})"
    line = dataverse.create("salesorderdetails", quantity=2, priceperunit=1, **body)
    assert item["amount"] != 1
    assert amounts(dataverse, f"salesorderdetails({line})", ("extendedamount",)) == (2,)


@pytest.mark.parametrize(("skipped", "after"), [(1, (None, 8)), (2, (8, 8)), (3, (None, None))])
def test_a_line_can_skip_the_calculation(dataverse, skipped, after):
    key = dataverse.create("quotes", name="Q")
    line = write_in(
        dataverse, KINDS[1], key, quantity=2, priceperunit=4, skippricecalculation=skipped
    )
    path = f"quotedetails({line})"
    assert amounts(dataverse, path, ("extendedamount",)) == (after[0],)
    dataverse.ask("PATCH", path, {"quantity": 2})
    assert amounts(dataverse, path, ("extendedamount",)) == (after[1],)


def test_nothing_is_calculated_where_the_organization_does_it_itself(dataverse):
    organization = first(dataverse, "organizations", "organizationid")
    off = {"oobpricecalculationenabled": False}
    assert dataverse.ask("PATCH", f"organizations({organization})", off).status == 204
    key = dataverse.create("quotes", name="Q")
    write_in(dataverse, KINDS[1], key, quantity=2, priceperunit=4)
    assert amounts(dataverse, f"quotes({key})", ("totalamount",)) == (None,)
    # What a client then writes itself stays.
    assert dataverse.ask("PATCH", f"quotes({key})", {"totalamount": 99}).status == 204
    assert amounts(dataverse, f"quotes({key})", ("totalamount",)) == (99,)


def test_amounts_of_a_document_that_comes_with_its_totals_are_kept(dataverse):
    key = dataverse.create("salesorders", name="From elsewhere", totalamount=50, freightamount=5)
    assert amounts(dataverse, f"salesorders({key})", ("totalamount",)) == (50,)
