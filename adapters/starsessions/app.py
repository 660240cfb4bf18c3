"""starsessions over its InMemoryStore, loaded for each request, no option set but the store.

recommended: RedisStore, a __Host- name, a rolling lifetime of 30 minutes, a new id at login.
"""
import asyncio
import os
from importlib.metadata import version

from redis import asyncio as aioredis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starsessions import InMemoryStore, SessionAutoloadMiddleware, SessionMiddleware
from starsessions.session import regenerate_session_id
from starsessions.stores.redis import RedisStore

import kit

NAME = "__Host-session" if kit.RECOMMENDED else "session"
OPTIONS = {"cookie_name": NAME, "rolling": True, "lifetime": 1800} if kit.RECOMMENDED else {}
redis = aioredis.from_url(f"redis://127.0.0.1:{os.environ['REDIS_PORT']}")
store = RedisStore(connection=redis) if kit.RECOMMENDED else InMemoryStore()


async def caps(_):
    return Response(kit.caps(
        "starsessions", version("starsessions"), NAME,
        "get put del clear destroy renew login logout whoami", stats=True,
        login="regenerate_session_id" if kit.RECOMMENDED else None,
        idle=1800 if kit.RECOMMENDED else None))


async def stats(_):
    return Response(str(await redis.dbsize() if kit.RECOMMENDED else len(store.data)))


async def do(request):
    session = request.session
    operations, status, cache = kit.parse(request.url.query)

    def login(user):
        if kit.RECOMMENDED:
            regenerate_session_id(request)
        session["user"] = user

    table = {
        **kit.of_mapping(session), "clear": session.clear, "destroy": session.clear,
        "logout": session.clear, "renew": lambda: regenerate_session_id(request) and None,
        "login": login, "whoami": lambda: session.get("user")}
    # The gate blocks, so the handler's part runs in a thread.
    body = await asyncio.to_thread(kit.run, operations, table)
    headers = {"Cache-Control": cache} if cache else {}
    return Response(body, status, headers, "application/json")


sessions = [Middleware(SessionMiddleware, store=store, **OPTIONS),
            Middleware(SessionAutoloadMiddleware)]
routes = [Route("/caps", caps), Route("/stats", stats),
          Route("/{path:path}", do, methods=["GET", "POST"])]
app = Starlette(routes=routes, middleware=sessions)
