"""Where may a customer's data rest? By the company of the group that the customer contracts with.

A customer is an organisation, known by an id its operator chose. Copies for customers of a company in the United
Kingdom or Europe rest there; elsewhere only after that customer was told. It moves no data.
Source: GDPR Art. 5(1)(a), 13(1)(a), 44
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.gate.reasons import Reason, Refused
from troth.ledger.entry import EntryKind
from troth.policy.model import Basis, GroupCompany, Policy
from troth.policy.packs import Adequacy
from troth.rights.responsible import company_for_country, company_named, responsible_company
from troth.subjects.directory import move_epoch
from troth.workspace import Workspace

customer_copy = Table(
    "customer_copy",
    metadata,
    Column("customer", Text, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("region", Text, nullable=False),
    Column("entry", Integer, nullable=False),
)
HOME_REGIONS = frozenset({"uk", "eu"})
OWN_STORE = "troth"  # the copy that this system itself holds
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Customer:
    """One organisation: the group company it contracts with, its region, where copies of its data rest, what it was told."""

    id: str
    company: str
    region: str
    advised_of: str
    copies: tuple[tuple[str, str], ...]  # (store, region)


def may_rest(policy: Policy, company: GroupCompany, region: str, advised_of: str) -> Reason | None:
    """Why data of customers of this company may not rest in a region, or None. Pure."""
    if region not in policy.settings.regions:
        return Reason.WRONG_REGION
    if company.region not in HOME_REGIONS or region in HOME_REGIONS:
        return None
    return None if region == advised_of else Reason.WRONG_REGION


# customers


def onboard(workspace: Workspace, id: str, operator: str, company: str = "", country: str = "") -> Customer:
    """Enter a customer with its contracting company, named or found by its country; this system holds a copy.

    Raises `no-responsible-company`, and Refused where that company's customers may not rest in this workspace's region.
    """
    if not _NAME.fullmatch(id):
        raise Fault("bad-customer", "a customer's id is up to 40 lower-case letters, digits and dashes")
    policy = workspace.policy
    found = company_named(policy, company) if company else company_for_country(policy, country)
    if found is None:
        raise Fault("no-responsible-company", "say which company of the group the customer contracts with", help="give `company` or `country`")
    here = policy.settings.region or found.region
    _or_refuse(may_rest(policy, found, here, ""), id)
    with workspace.state.write() as conn:
        if conn.exec_driver_sql("SELECT 1 FROM customer WHERE id = ?", (id,)).first():
            raise Fault("customer-known", "there is a customer of this id", status=409)
        entry = _enter(conn, workspace, "customer-entered", id, operator, company=found.id, region=here)
        conn.exec_driver_sql("INSERT INTO customer (id, company, region, entry) VALUES (?, ?, ?, ?)", (id, found.id, here, entry))
        _put_copy(conn, id, OWN_STORE, here, entry)
        return read_customer(conn, id)


def place(workspace: Workspace, id: str, store: str, region: str, operator: str) -> Customer:
    """Let a store in a region hold a copy of a customer's data; raises Refused when it may not."""
    if not _NAME.fullmatch(store):
        raise Fault("bad-store", "a store is named by up to 40 lower-case letters, digits and dashes")
    with workspace.state.write() as conn:
        customer = read_customer(conn, id)
        _or_refuse(may_rest(workspace.policy, _company(workspace.policy, customer), region, customer.advised_of), id)
        _put_copy(conn, id, store, region, _enter(conn, workspace, "copy-placed", id, operator, store=store, region=region))
        return read_customer(conn, id)


def advise(workspace: Workspace, id: str, region: str, operator: str) -> Customer:
    """Record that a customer was told of a move to a region; from then on the move is permitted."""
    if region not in workspace.policy.settings.regions:
        raise Refused(Reason.WRONG_REGION, region if _NAME.fullmatch(region) else "")
    with workspace.state.write() as conn:
        read_customer(conn, id)
        _enter(conn, workspace, "customer-advised", id, operator, region=region)
        conn.exec_driver_sql("UPDATE customer SET notice_region = ?, notice_recorded_at = ? WHERE id = ?", (region, now_micros(), id))
        return read_customer(conn, id)


def move(workspace: Workspace, id: str, region: str, operator: str) -> Customer:
    """Change the region of a customer's data. Raises Refused when it leaves home and the customer was not told."""
    with workspace.state.write() as conn:
        customer = read_customer(conn, id)
        denial = may_rest(workspace.policy, _company(workspace.policy, customer), region, customer.advised_of)
        unadvised = denial is not None and region in workspace.policy.settings.regions
        _or_refuse(Reason.NOT_ADVISED if unadvised else denial, id)
        _enter(conn, workspace, "customer-moved", id, operator, region=region, before=customer.region)
        conn.exec_driver_sql("UPDATE customer SET region = ? WHERE id = ?", (region, id))
        return read_customer(conn, id)


def end_contract(workspace: Workspace, id: str, operator: str) -> int:
    """A customer's contract has ended: its contacts are no longer served under it. Returns how many there were.

    They become the furthest kind of person that no purpose resting on a contract is for. Source: GDPR Art. 6(1)(b).
    """
    policy = workspace.policy
    served = {population for one in policy.purposes.values() if one.basis is Basis.CONTRACT for population in one.populations}
    without = [population for population in policy.populations if population not in served]
    with workspace.state.write() as conn:
        read_customer(conn, id)
        contacts = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM customer_contact WHERE customer = ?", (id,))]
        for ref in contacts if without else ():
            conn.exec_driver_sql("UPDATE subject SET population = ? WHERE ref = ?", (without[-1], ref))
        move_epoch(conn, *contacts)
        _enter(conn, workspace, "contract-ended", id, operator)
    return len(contacts)


def read_customer(conn: Connection, id: str) -> Customer:
    """One customer; raises `no-such-customer`."""
    row = conn.exec_driver_sql("SELECT id, company, region, notice_region FROM customer WHERE id = ?", (id,)).first()
    if row is None:
        raise Fault("no-such-customer", "there is no such customer", status=404)
    copies = conn.exec_driver_sql("SELECT store, region FROM customer_copy WHERE customer = ? ORDER BY store", (id,)).all()
    return Customer(row[0], row[1], row[2], row[3], tuple((store, region) for store, region in copies))


def name_contact(conn: Connection, ref: int, customer: str) -> None:
    """A person is a contact of this customer from now on, in the caller's write transaction."""
    read_customer(conn, customer)
    conn.exec_driver_sql(
        "INSERT INTO customer_contact (ref, customer, since) VALUES (?, ?, ?) ON CONFLICT (ref) DO UPDATE SET customer = excluded.customer",
        (ref, customer, now_micros()),
    )


def _put_copy(conn: Connection, id: str, store: str, region: str, entry: int) -> None:
    conn.exec_driver_sql(
        "INSERT INTO customer_copy (customer, store, region, entry) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (customer, store) DO UPDATE SET region = excluded.region, entry = excluded.entry",
        (id, store, region, entry),
    )


def _or_refuse(reason: Reason | None, about: str) -> None:
    if reason is not None:
        raise Refused(reason, about)


def _enter(conn: Connection, workspace: Workspace, act: str, customer: str, operator: str, **more: str) -> int:
    """The customer's id stands in the ledger as a keyed hash: an organisation may be one person."""
    body = {"act": act, "customer": workspace.keys.hash_identifier("customer", customer).hex(), "operator": operator, **more}
    return workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(now_micros()))


# companies


def countries_to_rest_in(conn: Connection, policy: Policy, refs: Iterable[int], regime: str, law: Adequacy) -> frozenset[str]:
    """Where copies about a person may rest; empty: anywhere."""
    wanted = sorted(refs)
    company = responsible_company(conn, policy, wanted, regime)
    if company is None or company.region not in HOME_REGIONS:
        return frozenset()
    told = "SELECT c.notice_region FROM customer_contact k JOIN customer c ON c.id = k.customer WHERE k.ref = ? AND c.region = c.notice_region"
    moved = {row[0] for ref in wanted for row in conn.exec_driver_sql(told, (ref,))}
    return frozenset(law.home) | {one.country for one in policy.organisation.group if one.region in moved}


def _company(policy: Policy, customer: Customer) -> GroupCompany:
    found = company_named(policy, customer.company)
    if found is None:
        raise Fault("no-responsible-company", "the policy no longer names the company this customer contracts with", status=409)
    return found
