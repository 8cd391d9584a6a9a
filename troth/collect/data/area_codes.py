"""Which area codes belong to California? A table; it decides nothing.

Source: California Public Utilities Commission, area codes in service, 2025; North American Numbering Plan
"""

from __future__ import annotations

_CALIFORNIA = (
    "209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 "
    "805 818 820 831 837 840 858 909 916 925 949 951"
)
CALIFORNIA = frozenset(_CALIFORNIA.split())
