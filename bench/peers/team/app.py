"""What a team would write when it needs a stand-in for customers: FastAPI, SQLAlchemy, pydantic.

Run by uvicorn in an environment of its own; the database file's URL is in DATABASE_URL.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Boolean, DateTime, Integer, Numeric, String, Uuid, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"], connect_args={"check_same_thread": False})
make_session = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """Tables."""


class Customer(Base):
    """The table."""

    __tablename__ = "wt_customers"

    wt_customerid: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    wt_name: Mapped[str | None] = mapped_column(String(160), index=True)
    wt_accountnumber: Mapped[str | None] = mapped_column(String(20))
    wt_group: Mapped[str | None] = mapped_column(String(10), index=True)
    wt_creditlimit: Mapped[float | None] = mapped_column(Numeric(18, 2, asdecimal=False))
    wt_searchname: Mapped[str | None] = mapped_column(String(100))
    wt_street: Mapped[str | None] = mapped_column(String(250))
    wt_city: Mapped[str | None] = mapped_column(String(80))
    wt_postalcode: Mapped[str | None] = mapped_column(String(20))
    wt_state: Mapped[str | None] = mapped_column(String(50))
    wt_country: Mapped[str | None] = mapped_column(String(10))
    wt_email: Mapped[str | None] = mapped_column(String(100))
    wt_phone: Mapped[str | None] = mapped_column(String(50))
    wt_fax: Mapped[str | None] = mapped_column(String(50))
    wt_website: Mapped[str | None] = mapped_column(String(200))
    wt_language: Mapped[str | None] = mapped_column(String(10))
    wt_currency: Mapped[str | None] = mapped_column(String(3))
    wt_paymentterms: Mapped[str | None] = mapped_column(String(20))
    wt_paymentmethod: Mapped[str | None] = mapped_column(String(20))
    wt_deliveryterms: Mapped[str | None] = mapped_column(String(20))
    wt_deliverymode: Mapped[str | None] = mapped_column(String(20))
    wt_district: Mapped[str | None] = mapped_column(String(50))
    wt_taxgroup: Mapped[str | None] = mapped_column(String(20))
    wt_taxnumber: Mapped[str | None] = mapped_column(String(30))
    wt_site: Mapped[str | None] = mapped_column(String(10))
    wt_warehouse: Mapped[str | None] = mapped_column(String(10))
    wt_pricegroup: Mapped[str | None] = mapped_column(String(10))
    wt_description: Mapped[str | None] = mapped_column(String(2000))
    wt_employees: Mapped[int | None] = mapped_column(Integer)
    wt_riskscore: Mapped[int | None] = mapped_column(Integer)
    wt_creditdays: Mapped[int | None] = mapped_column(Integer)
    wt_segment: Mapped[int | None] = mapped_column(Integer)
    wt_balance: Mapped[float | None] = mapped_column(Numeric(18, 2, asdecimal=False))
    wt_revenue: Mapped[float | None] = mapped_column(Numeric(18, 2, asdecimal=False))
    wt_discount: Mapped[float | None] = mapped_column(Numeric(18, 2, asdecimal=False))
    wt_onhold: Mapped[bool | None] = mapped_column(Boolean)
    wt_onetime: Mapped[bool | None] = mapped_column(Boolean)
    wt_taxexempt: Mapped[bool | None] = mapped_column(Boolean)
    wt_openedon: Mapped[datetime | None] = mapped_column(DateTime)
    wt_lastorderon: Mapped[datetime | None] = mapped_column(DateTime)


class CustomerIn(BaseModel):
    """What callers send: any of the columns."""

    wt_name: str | None = None
    wt_accountnumber: str | None = None
    wt_group: str | None = None
    wt_creditlimit: float | None = None
    wt_searchname: str | None = None
    wt_street: str | None = None
    wt_city: str | None = None
    wt_postalcode: str | None = None
    wt_state: str | None = None
    wt_country: str | None = None
    wt_email: str | None = None
    wt_phone: str | None = None
    wt_fax: str | None = None
    wt_website: str | None = None
    wt_language: str | None = None
    wt_currency: str | None = None
    wt_paymentterms: str | None = None
    wt_paymentmethod: str | None = None
    wt_deliveryterms: str | None = None
    wt_deliverymode: str | None = None
    wt_district: str | None = None
    wt_taxgroup: str | None = None
    wt_taxnumber: str | None = None
    wt_site: str | None = None
    wt_warehouse: str | None = None
    wt_pricegroup: str | None = None
    wt_description: str | None = None
    wt_employees: int | None = None
    wt_riskscore: int | None = None
    wt_creditdays: int | None = None
    wt_segment: int | None = None
    wt_balance: float | None = None
    wt_revenue: float | None = None
    wt_discount: float | None = None
    wt_onhold: bool | None = None
    wt_onetime: bool | None = None
    wt_taxexempt: bool | None = None
    wt_openedon: datetime | None = None
    wt_lastorderon: datetime | None = None


class CustomerOut(CustomerIn):
    """What callers get: all of the columns."""

    model_config = ConfigDict(from_attributes=True)

    wt_customerid: UUID


class CustomerLine(BaseModel):
    """A customer in a list."""

    model_config = ConfigDict(from_attributes=True)

    wt_customerid: UUID
    wt_name: str | None
    wt_group: str | None
    wt_creditlimit: float | None


class CustomerPage(BaseModel):
    """A list of customers."""

    value: list[CustomerLine]


Base.metadata.create_all(engine)


def session() -> Iterator[Session]:
    """A session for one request."""
    with make_session() as opened:
        yield opened


Db = Annotated[Session, Depends(session)]


def found(db: Session, key: UUID) -> Customer:
    """The customer, or 404."""
    customer = db.get(Customer, key)
    if customer is None:
        raise HTTPException(404, "no such customer")
    return customer


@app.get("/wt_customers/{key}")
def get_customer(key: UUID, db: Db) -> CustomerOut:
    """One customer."""
    return CustomerOut.model_validate(found(db, key))


@app.get("/wt_customers")
def list_customers(
    db: Db,
    group: str,
    credit_above: float,
    top: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> CustomerPage:
    """The customers of a group above a credit limit, by name."""
    query = (
        select(Customer)
        .where(Customer.wt_group == group, Customer.wt_creditlimit > credit_above)
        .order_by(Customer.wt_name)
        .limit(top)
    )
    lines = [CustomerLine.model_validate(row) for row in db.scalars(query)]
    return CustomerPage(value=lines)


@app.post("/wt_customers", status_code=201)
def create_customer(body: CustomerIn, db: Db) -> CustomerOut:
    """Store a customer."""
    customer = Customer(wt_customerid=uuid4(), **body.model_dump(exclude_unset=True))
    db.add(customer)
    db.commit()
    return CustomerOut.model_validate(customer)


@app.patch("/wt_customers/{key}")
def change_customer(key: UUID, body: CustomerIn, db: Db) -> CustomerOut:
    """Change some columns of a customer."""
    customer = found(db, key)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(customer, name, value)
    db.commit()
    return CustomerOut.model_validate(customer)
