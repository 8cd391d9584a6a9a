"""How is a policy printed as a file? The print says everything the policy says and nothing more, so that reading it gives
the same policy back.

A client's policy is printed whole, with `parent:` in place of `extends:`.
"""

from __future__ import annotations

from typing import Any

import yaml

from troth.policy.model import Policy
from troth.policy.sections import POLICY


class _Dumper(yaml.CSafeDumper):
    """Never anchors: a policy file has none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def to_yaml(policy: Policy) -> str:
    """The policy as text; `parse(to_yaml(policy))` gives an equal policy."""
    return str(yaml.dump(POLICY.write(policy), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140, default_flow_style=None))
