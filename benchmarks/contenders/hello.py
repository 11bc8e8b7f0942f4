"""The ceiling: applications that do nothing, as WSGI and as ASGI."""

BODY = b'{"estimated_time": 0.0}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS]


def wsgi(environ, start_response):
    """Answer anything."""
    start_response("200 OK", HEADERS)
    return [BODY]


async def asgi(scope, receive, send):
    """Answer anything; the server's start and stop as well."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": RAW_HEADERS})
    await send({"type": "http.response.body", "body": BODY})
