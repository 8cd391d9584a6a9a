"""Which company answers, and where may its customers' data rest? Analyses of groups of companies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.disclose.residency import HOME_REGIONS, may_rest
from troth.gate.reasons import Reason
from troth.policy.model import GroupCompany, Policy
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import says, told_in
from troth.rights.responsible import company_for_country

_SOMEWHERE = {"EU": "FR"}  # a country that stands for an area


def _group(policy: Policy, **fields: object) -> Policy:
    changed = tuple(replace(company, **fields) for company in policy.organisation.group)  # type: ignore[arg-type]
    return altering.section(policy, "organisation", group=changed)


def _nobody_answers(policy: Policy, companies: tuple[str, ...]) -> Policy:
    return _group(policy, responsible_for=())


@proves_static(breaks=_nobody_answers)
def names_responsible_company(policy: Policy, companies: tuple[str, ...]) -> Iterator[str]:
    """Each of these companies answers for customers of its own countries, none for another's, and people read which."""
    known = {company.id: company for company in policy.organisation.group}
    words = told_in(policy, "who")
    for id in companies:
        company = known.get(id)
        if company is None or not company.responsible_for:
            yield f"company {id} answers for nobody"
            continue
        for country in company.responsible_for:
            found = company_for_country(policy, _SOMEWHERE.get(country, country))
            if found is None or found.id != id:
                yield f"another company than {id} answers for customers in {country}"
        if not says(words, company.name):
            yield f"the notice does not name {id}"
    if company_for_country(policy, "") is not None:
        yield "a customer of no country has a company that answers"


def _somewhere_else(policy: Policy, company: str, at: tuple[str, ...], after_telling: tuple[str, ...] = ()) -> Policy:
    def moved(one: GroupCompany) -> GroupCompany:
        return replace(one, region="us" if one.region in HOME_REGIONS else "uk") if one.id == company else one

    return altering.section(policy, "organisation", group=tuple(moved(one) for one in policy.organisation.group))


@proves_static(breaks=_somewhere_else)
def customer_data_rests(policy: Policy, company: str, at: tuple[str, ...], after_telling: tuple[str, ...] = ()) -> Iterator[str]:
    """Data of this company's customers may rest in these regions, in those only after the customer was told, and nowhere else."""
    found = next((one for one in policy.organisation.group if one.id == company), None)
    if found is None:
        yield f"there is no company {company}"
        return
    for region in dict.fromkeys((*policy.settings.regions, *at, *after_telling, "the-moon")):
        untold, told = may_rest(policy, found, region, ""), may_rest(policy, found, region, region)
        if (untold is None) is not (region in at):
            yield f"data of customers of {company} {'may' if untold is None else 'may not'} rest in {region} without a word"
        if (region in after_telling or region in at) and told is not None:
            yield f"data of customers of {company} may not rest in {region} even after they were told"
        if region not in policy.settings.regions and told is not Reason.WRONG_REGION:
            yield f"data may rest in {region}, which the policy does not name"
