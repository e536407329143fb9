"""The page of the pipelines UI, of which there is no more here than its head.

The UI server of kubeflow/pipelines (frontend/server/app.ts) answers so below its base path.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<title>Kubeflow Pipelines</title></head><body><div id="root"></div></body></html>'
)


def page_route() -> Route:
    """The UI's own page."""
    return Route("/", _page)


async def _page(_: Request) -> HTMLResponse:
    return HTMLResponse(_PAGE, headers={"Cache-Control": "no-cache"})
