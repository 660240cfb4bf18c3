"""Pyramid's SignedCookieSessionFactory: the whole session is in the cookie. pyramid.security's
remember is a cookie of its own, so the user is a value of the session here.

recommended: Secure, HttpOnly, SameSite, a __Host- name, a timeout of 30 minutes.
"""
from importlib.metadata import version

from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory

import kit

OPTIONS = {}
if kit.RECOMMENDED:
    OPTIONS = {"cookie_name": "__Host-session", "secure": True, "httponly": True,
               "samesite": "Lax", "timeout": 1800, "reissue_time": 0}


def caps(_):
    return Response(kit.caps(
        "Pyramid", version("pyramid"), OPTIONS.get("cookie_name", "session"),
        "get put del clear destroy login logout whoami", sealed=True, stats=False,
        idle=OPTIONS.get("timeout", 1200)))


def do(request):
    session = request.session
    operations, status, cache = kit.parse(request.query_string)
    body = kit.run(operations, {
        **kit.of_mapping(session), **kit.of_user_key(session), "clear": session.clear,
        "destroy": session.invalidate, "logout": session.invalidate})
    answer = Response(body, status, content_type="application/json", charset="utf-8")
    if cache:
        answer.headers["Cache-Control"] = cache
    return answer


with Configurator() as config:
    config.set_session_factory(SignedCookieSessionFactory("k" * 64, **OPTIONS))
    for name, view, pattern in (("caps", caps, "/caps"), ("do", do, "/*path")):
        config.add_route(name, pattern)
        config.add_view(view, route_name=name)
    app = config.make_wsgi_app()
