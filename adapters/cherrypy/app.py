"""CherryPy's tools.sessions in memory.

recommended: files, Secure and HttpOnly, a __Host- name.
"""
import os

import cherrypy
from cherrypy.lib import sessions

import kit

RECOMMENDED = {
    "tools.sessions.storage_class": sessions.FileSession,
    "tools.sessions.storage_path": kit.DIR,
    "tools.sessions.secure": True,
    "tools.sessions.httponly": True,
    "tools.sessions.name": "__Host-session_id",
}
options = RECOMMENDED if kit.RECOMMENDED else {}


class Root:
    @cherrypy.expose
    def caps(self):
        return kit.caps(
            "CherryPy", cherrypy.__version__, options.get("tools.sessions.name", "session_id"),
            "get put del clear destroy renew login logout whoami", stats=True, idle=3600).encode()

    @cherrypy.expose
    def stats(self):
        if not kit.RECOMMENDED:
            return str(len(sessions.RamSession.cache)).encode()
        files = os.listdir(kit.DIR)
        return str(sum(f.startswith("session-") and not f.endswith(".lock") for f in files)).encode()

    @cherrypy.expose
    def default(self, *_, **__):
        session = cherrypy.session
        operations, status, cache = kit.parse(cherrypy.request.query_string)

        def destroy():
            session.clear()
            sessions.expire()

        body = kit.run(operations, {
            **kit.of_mapping(session), **kit.of_user_key(session), "clear": session.clear,
            "destroy": destroy, "logout": destroy, "renew": session.regenerate})
        cherrypy.response.status = status
        cherrypy.response.headers["Content-Type"] = "application/json"
        if cache:
            cherrypy.response.headers["Cache-Control"] = cache
        return body.encode()


off = {"tools.sessions.on": False}
cherrypy.config.update({
    "server.socket_host": "127.0.0.1", "server.socket_port": kit.PORT, "server.thread_pool": 12,
    "engine.autoreload.on": False, "log.screen": True})
cherrypy.quickstart(
    Root(), "/", {"/": {"tools.sessions.on": True, **options}, "/caps": off, "/stats": off})
