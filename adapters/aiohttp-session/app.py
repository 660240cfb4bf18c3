"""aiohttp-session with its EncryptedCookieStorage, the first example of its documentation: the
whole session is in the cookie.

recommended: RedisStorage, Secure and SameSite, a __Host- name, 30 minutes, new_session at login.
"""
import asyncio
import os
from importlib.metadata import version

from aiohttp import web
from aiohttp_session import get_session, new_session, setup
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from aiohttp_session.redis_storage import RedisStorage
from redis import asyncio as aioredis

import kit

NAME = "__Host-session" if kit.RECOMMENDED else "AIOHTTP_SESSION"
redis = aioredis.from_url(f"redis://127.0.0.1:{os.environ['REDIS_PORT']}")


async def caps(_):
    return web.Response(text=kit.caps(
        "aiohttp-session", version("aiohttp-session"), NAME,
        "get put del clear destroy login logout whoami", stats=kit.RECOMMENDED,
        sealed=not kit.RECOMMENDED, login="new_session" if kit.RECOMMENDED else None,
        idle=1800 if kit.RECOMMENDED else None))


async def stats(_):
    return web.Response(text=str(await redis.dbsize()))


async def do(request):
    session = await get_session(request)
    results = []
    operations, status, cache = kit.parse(request.query_string)
    for name, *arguments in operations:
        if name == "login" and kit.RECOMMENDED:
            session = await new_session(request)
        table = {**kit.of_mapping(session), **kit.of_user_key(session), "clear": session.clear,
                 "destroy": session.invalidate, "logout": session.invalidate}
        # The gate blocks, so the handler's part runs in a thread.
        results.append(await asyncio.to_thread(kit.one, name, arguments, table))
    headers = {"Cache-Control": cache} if cache else {}
    return web.json_response(results, status=status, headers=headers)


def storage():
    if not kit.RECOMMENDED:
        return EncryptedCookieStorage(b"k" * 32)
    return RedisStorage(redis, cookie_name=NAME, secure=True, samesite="Lax", max_age=1800)


app = web.Application()
setup(app, storage())
app.add_routes([web.get("/caps", caps), web.get("/stats", stats), web.route("*", "/{_:.*}", do)])
web.run_app(app, host="127.0.0.1", port=kit.PORT, print=None)
