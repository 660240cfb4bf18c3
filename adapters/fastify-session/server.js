// @fastify/session, no option set but the secret.
// recommended: saveUninitialized off, rolling, the cookie's flags, a __Host- name.
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import Fastify from "fastify";
import { caps, parse, port, recommended, run } from "../common/kit.js";

const cookieName = recommended ? "__Host-sessionId" : "sessionId";
// The store's size can be read, and it keeps text, as every store but MemoryStore does.
const rows = new Map();
const store = {
  set: (id, value, done) => { rows.set(id, JSON.stringify(value)); done(); },
  get: (id, done) => done(null, rows.has(id) ? JSON.parse(rows.get(id)) : null),
  destroy: (id, done) => { rows.delete(id); done(); },
};
const options = { secret: "k".repeat(32), store, cookieName };
if (recommended) {
  options.saveUninitialized = false;
  options.cookie = { secure: true, sameSite: "lax", path: "/", maxAge: 1800_000 };
}

const app = Fastify({ trustProxy: true });
app.get("/caps", async () => caps("@fastify/session", ["@fastify/session"], cookieName,
  "get put del destroy renew login logout whoami",
  { id_re: "^([^.]+)", stats: true, idle: recommended ? 1800 : null }));
app.get("/stats", async () => String(rows.size));
app.register(async inner => {
  inner.register(cookie);
  inner.register(session, options);
  inner.all("/*", async (request, answer) => {
    const { operations, status, cache } = parse(request.url);
    const s = () => request.session; // null once it is destroyed
    const destroy = () => s().destroy();
    const results = await run(operations, {
      get: key => s()?.get(key),
      put: (key, value) => (s() ? void s().set(key, value) : "unsupported"),
      del: key => void s().set(key, undefined),
      destroy,
      logout: destroy,
      renew: () => s().regenerate(["a", "b", "user", "z"]),
      login: user => void s().set("user", user),
      whoami: () => s()?.get("user"),
    });
    if (cache) answer.header("Cache-Control", cache);
    return answer.code(status).type("application/json").send(JSON.stringify(results));
  });
});
await app.listen({ port, host: "127.0.0.1" });
