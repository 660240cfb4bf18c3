// cookie-session: the whole session is in a signed cookie.
// recommended: the cookie's flags, a __Host- name, 30 minutes.
import cookieSession from "cookie-session";
import express from "express";
import { caps, parse, port, recommended, run } from "../common/kit.js";

const name = recommended ? "__Host-session" : "session";
const options = { keys: ["secret"] };
if (recommended)
  Object.assign(options, { name, secure: true, sameSite: "lax", maxAge: 1800_000 });

const app = express();
app.set("trust proxy", 1);
app.get("/caps", (_, answer) => answer.json(caps("cookie-session", ["cookie-session"], name,
  "get put del destroy login logout whoami",
  { sealed: true, stats: false, idle: recommended ? 1800 : null })));
app.use(cookieSession(options));
app.use(async (request, answer) => {
  const { operations, status, cache } = parse(request.url);
  const s = () => request.session; // null once it is destroyed
  const put = (key, value) =>
    void (s() ? (s()[key] = value) : (request.session = { [key]: value }));
  const destroy = () => void (request.session = null);
  const results = await run(operations, {
    get: key => s()?.[key],
    put,
    del: key => void (s() && delete s()[key]),
    destroy,
    logout: destroy,
    login: user => put("user", user),
    whoami: () => s()?.user,
  });
  if (cache) answer.set("Cache-Control", cache);
  answer.status(status).json(results);
});
app.listen(port, "127.0.0.1");
