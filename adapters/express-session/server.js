// express-session over its MemoryStore, the options of its README's first example, with Passport.
// recommended: its README's advice, over Redis.
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import passport from "passport";
import { createClient } from "redis";
import { caps, parse, port, recommended, redisPort, run, until } from "../common/kit.js";

const name = recommended ? "__Host-sid" : "connect.sid";
const app = express();
const memory = new session.MemoryStore();
const redis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
const options = recommended
  ? {
      store: new RedisStore({ client: redis }), name, secret: "k".repeat(32), resave: false,
      saveUninitialized: false, cookie: { secure: true, httpOnly: true, sameSite: "lax" },
    }
  : { store: memory, secret: "keyboard cat" };
if (recommended) {
  await redis.connect();
  app.set("trust proxy", 1);
}

app.get("/caps", (_, answer) => answer.json(caps(
  "express-session", ["express-session", "passport"], name,
  "get put del clear destroy login logout whoami",
  { id_re: "^s(?::|%3A)([^.]+)", stats: true, login: "req.login",
    idle: recommended ? 86400 : null })));
app.get("/stats", async (_, answer) =>
  answer.send(String(recommended ? await redis.dbSize() : Object.keys(memory.sessions).length)));

app.use(session(options));
app.use(passport.session());
passport.serializeUser((user, done) => done(null, user.name));
passport.deserializeUser((user, done) => done(null, { name: user }));

app.use(async (request, answer) => {
  const { operations, status, cache } = parse(request.url);
  const s = () => request.session; // undefined once it is destroyed
  const results = await run(operations, {
    get: key => s()?.[key],
    put: (key, value) => (s() ? void (s()[key] = value) : "unsupported"),
    del: key => void (s() && delete s()[key]),
    clear: () => Object.keys(s()).forEach(key => key === "cookie" || delete s()[key]),
    destroy: () => until(done => s().destroy(done)),
    login: user => until(done => request.login({ name: user }, done)),
    logout: () => until(done => request.logout(done)),
    whoami: () => request.user?.name,
  });
  if (cache) answer.set("Cache-Control", cache);
  answer.status(status).json(results);
});
app.listen(port, "127.0.0.1");
