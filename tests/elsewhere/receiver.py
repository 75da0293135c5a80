"""Who subscribed: takes what comes with 204, and nothing more; the test reads what came."""

from fastapi import FastAPI, Response


def app() -> FastAPI:
    """The application."""
    made = FastAPI(openapi_url=None)

    @made.post("/{path:path}")
    async def take(path: str) -> Response:
        return Response(status_code=204)

    return made
