"""Which company answers for a person? Their customer's, else the one for the places their law covers, else the head.

It holds which company each customer contracts with, and who are a customer's contacts; it decides nothing about them.
Source: GDPR Art. 13(1)(a), 15(1)
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.database import metadata
from troth.policy.model import GroupCompany, Policy
from troth.policy.packs import adequacy

customer_table = Table(
    "customer",
    metadata,
    Column("id", Text, primary_key=True),
    Column("company", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("notice_region", Text, nullable=False, server_default=""),
    Column("notice_recorded_at", BigInteger),
    Column("entry", Integer, nullable=False),
)
customer_contact = Table(
    "customer_contact",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("customer", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)


def responsible_company(conn: Connection, policy: Policy, refs: Iterable[int], regime: str) -> GroupCompany | None:
    """The company that answers for a person: their customer's, else the one for the places their law covers, else the head.

    None only for an organisation that names no company.
    """
    for ref in sorted(refs):
        row = conn.exec_driver_sql("SELECT c.company FROM customer_contact k JOIN customer c ON c.id = k.customer WHERE k.ref = ?", (ref,)).first()
        found = company_named(policy, row[0]) if row else None
        if found is not None:
            return found
    law = policy.regimes.get(regime)
    for country in law.countries if law else ():
        found = company_for_country(policy, country)
        if found is not None:
            return found
    return next(iter(policy.organisation.group), None)


def company_for_country(policy: Policy, country: str) -> GroupCompany | None:
    """The company whose customers are in a country (`EU` stands for the European Economic Area)."""
    short = country.partition("-")[0]
    european = short in adequacy().home and short != "GB"
    return next(
        (one for one in policy.organisation.group if short and (short in one.responsible_for or (european and "EU" in one.responsible_for))), None
    )


def company_named(policy: Policy, id: str) -> GroupCompany | None:
    """A company of the group by its id."""
    return next((one for one in policy.organisation.group if one.id == id), None)
