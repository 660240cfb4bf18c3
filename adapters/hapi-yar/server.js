// @hapi/yar over hapi's memory cache: maxCookieSize 0 keeps the session on the server.
// recommended: a __Host- name; Secure, HttpOnly and SameSite=Lax are its defaults.
import Hapi from "@hapi/hapi";
import Yar from "@hapi/yar";
import { caps, parse, port, recommended, run } from "../common/kit.js";

const name = recommended ? "__Host-session" : "session";
const options = {
  name,
  maxCookieSize: recommended ? 0 : undefined,
  storeBlank: recommended ? false : undefined,
  cache: { expiresIn: recommended ? 1800_000 : undefined },
  cookieOptions: { password: "k".repeat(32), ...(recommended ? { isSameSite: "Lax" } : {}) },
};
const server = Hapi.server({ port, host: "127.0.0.1" });
await server.register({ plugin: Yar, options });

server.route({
  method: "GET",
  path: "/caps",
  options: { plugins: { yar: { skip: true } } },
  handler: () => caps("@hapi/yar", ["@hapi/yar"], name,
    "get put del clear destroy login logout whoami",
    { sealed: !recommended, stats: false, idle: recommended ? 1800 : 86400 }),
});
server.route({
  method: ["GET", "POST"],
  path: "/{path*}",
  handler: async (request, h) => {
    const { operations, status, cache } = parse(request.url.href);
    const s = request.yar;
    const results = await run(operations, {
      get: key => s.get(key),
      put: (key, value) => void s.set(key, value),
      del: key => void s.clear(key),
      clear: () => Object.keys(s._store).forEach(key => s.clear(key)),
      destroy: () => s.reset(),
      logout: () => s.reset(),
      login: user => void s.set("user", user),
      whoami: () => s.get("user"),
    });
    const answer = h.response(results).code(status);
    return cache ? answer.header("Cache-Control", cache) : answer;
  },
});
await server.start();
