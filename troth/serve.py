"""How does `troth run` serve? uvicorn over the application, in one process or several that share one folder."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from troth.app import Troth
from troth.policy.parse import read_policy
from troth.settings import Settings, load
from troth.workspace import House

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def application() -> Troth:
    """The application of the settings in the environment; what each worker process calls."""
    return Troth(load())


def serve(settings: Settings, host: str, demo: bool) -> None:
    """Serve until stopped. `demo` makes the example workspaces first."""
    if demo:
        prepare_examples(settings)
    os.environ |= {
        "TROTH_DATA": str(settings.data),
        "TROTH_SECRETS": str(settings.secrets),
        "TROTH_TAPE": str(settings.tape),
        "TROTH_PORT": str(settings.port),
        "TROTH_WORKERS": str(settings.workers),
    }
    uvicorn.run(
        "troth.serve:application", factory=True, host=host, port=settings.port, workers=settings.workers, log_level="warning",
        access_log=False, server_header=False, timeout_graceful_shutdown=10, backlog=2048,
    )


def prepare_examples(settings: Settings) -> None:
    """Make the example workspaces with their policies, where they are not there yet."""
    house = House(settings)
    for name in ("infinity", "harbour", "alder"):
        policy = EXAMPLES / name / "policy.yaml"
        if policy.exists():
            workspace = house.create(name)
            with workspace.state.read() as conn:
                known = workspace.versions(conn)
            if not known:
                workspace.publish(read_policy(policy))
    house.close()
