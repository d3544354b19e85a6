"""FetchXML: attributes, conditions, links, aggregates and pages."""

from __future__ import annotations

from typing import Any

from PowerPlatform.Dataverse.core.errors import ValidationError

from sdk_walk.either import MARK, pages_of, refused, settle, walk

AGGREGATES = ("count", "sum", "avg", "min", "max")


def fetch(inner: str, options: str = "") -> str:
    return f'<fetch {options}><entity name="account">{inner}</entity></fetch>'


def condition(inner: str) -> str:
    mine = f'<condition attribute="description" operator="eq" value="{MARK} fetch"/>'
    return f'<attribute name="name"/><filter>{mine}{inner}</filter><order attribute="name"/>'


CONDITIONS = (
    ('<condition attribute="numberofemployees" operator="ge" value="2"/>', "123"),
    ('<condition attribute="numberofemployees" operator="null"/>', "4"),
    ('<condition attribute="numberofemployees" operator="not-null"/>', "0123"),
    ('<condition attribute="name" operator="like" value="%t"/>', ""),
    ('<condition attribute="name" operator="not-like" value="%3"/>', "0124"),
    (
        '<condition attribute="numberofemployees" operator="in">'
        "<value>1</value><value>4</value></condition>",
        "03",
    ),
    (
        '<condition attribute="numberofemployees" operator="between">'
        "<value>2</value><value>3</value></condition>",
        "12",
    ),
    (
        '<filter type="or"><condition attribute="numberofemployees" operator="eq" value="1"/>'
        '<condition attribute="fax" operator="eq" value="3"/></filter>',
        "03",
    ),
)


@walk("finds by FetchXML what its conditions, links and aggregates mean")
async def _(client: Any) -> None:
    records, query = client.records, client.query
    rows = [
        {
            "name": f"{MARK} fetch {n}",
            "description": f"{MARK} fetch",
            "fax": str(n),
            "numberofemployees": n + 1 if n < 4 else None,
        }
        for n in range(5)
    ]
    keys = await settle(records.create("account", rows))
    person = await settle(
        records.create(
            "contact",
            {
                "lastname": f"{MARK} linked",
                "parentcustomerid_account@odata.bind": f"/accounts({keys[1]})",
            },
        )
    )
    for inner, expected in CONDITIONS:
        found = await settle(query.fetchxml(fetch(condition(inner))).execute())
        assert "".join(row["name"][-1] for row in found) == expected, (inner, found)
    link = '<link-entity name="contact" from="parentcustomerid" to="accountid" alias="c" '
    link += 'link-type="{}"><attribute name="lastname"/></link-entity>'
    inner = await settle(query.fetchxml(fetch(condition("") + link.format("inner"))).execute())
    assert [row["c.lastname"] for row in inner] == [f"{MARK} linked"]
    outer = await settle(query.fetchxml(fetch(condition("") + link.format("outer"))).execute())
    assert [row.get("c.lastname") is None for row in outer] == [True, False, True, True, True]
    paged = query.fetchxml(fetch(condition(""), 'count="2"'))
    assert [len(page) for page in await pages_of(paged.execute_pages())] == [2, 2, 1]
    paged = query.fetchxml(fetch(condition(""), 'count="2"'))
    assert len(await settle(paged.execute())) == 5
    attributes = "".join(
        f'<attribute name="numberofemployees" aggregate="{kind}" alias="{kind}"/>'
        for kind in ("sum", "avg", "min", "max")
    )
    attributes += '<attribute name="accountid" aggregate="count" alias="count"/>'
    mine = (
        f'<filter><condition attribute="description" operator="eq" value="{MARK} fetch"/></filter>'
    )
    [row] = await settle(query.fetchxml(fetch(attributes + mine, 'aggregate="true"')).execute())
    assert [row[kind] for kind in AGGREGATES] == [5, 10, 2, 1, 4], row
    grouped = '<attribute name="statecode" groupby="true" alias="state"/>' + attributes + mine
    [group] = await settle(query.fetchxml(fetch(grouped, 'aggregate="true"')).execute())
    assert (group["state"], group["count"]) == (0, 5)
    await settle(records.delete("contact", person))
    await settle(records.delete("account", keys))


@walk("refuses FetchXML that is none")
async def _(client: Any) -> None:
    assert (
        await refused(
            client.query.fetchxml("<fetch><entity name='account'><x/></entity></fetch>").execute
        )
    ).status_code == 400
    await refused(client.query.fetchxml, "<fetch>", by=ValidationError)
