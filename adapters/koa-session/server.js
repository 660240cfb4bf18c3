// koa-session over an external store, as its README has it; the package has none but the cookie.
// recommended: its README's options for a server behind TLS, and a __Host- name.
import Koa from "koa";
import session from "koa-session";
import { caps, parse, port, recommended, run } from "../common/kit.js";

const key = recommended ? "__Host-sess" : "koa.sess";
const rows = new Map(); // text, so that a copy goes in and out
const store = {
  get: async id => (rows.has(id) ? JSON.parse(rows.get(id)) : undefined),
  set: async (id, value) => void rows.set(id, JSON.stringify(value)),
  destroy: async id => void rows.delete(id),
};
const app = new Koa({ proxy: true });
app.keys = ["secret"];

app.use(async (context, next) => {
  if (context.path === "/stats") context.body = String(rows.size);
  else if (context.path !== "/caps") await next();
  else
    context.body = caps("koa-session", ["koa-session"], key,
      "get put del destroy renew login logout whoami", { stats: true, idle: 86400 });
});
app.use(session(
  recommended ? { store, key, rolling: true, secure: true, sameSite: "lax" } : { store }, app));
app.use(async context => {
  const { operations, status, cache } = parse(context.url);
  const s = () => context.session; // null once it is destroyed
  const put = (k, value) => void (s() ? (s()[k] = value) : (context.session = { [k]: value }));
  const destroy = () => void (context.session = null);
  const results = await run(operations, {
    get: k => s()?.[k],
    put,
    del: k => void (s() && delete s()[k]),
    destroy,
    logout: destroy,
    renew: () => s().regenerate(),
    login: user => put("user", user),
    whoami: () => s()?.user,
  });
  if (cache) context.set("Cache-Control", cache);
  context.status = status;
  context.body = results;
});
app.listen(port, "127.0.0.1");
