// iron-session: the whole session is sealed in the cookie. Its cookie is Secure by default.
// recommended: a __Host- name, half an hour.
import { createServer } from "node:http";
import { getIronSession } from "iron-session";
import { caps, parse, port, recommended, run } from "../common/kit.js";

const cookieName = recommended ? "__Host-session" : "session";
const options = { password: "k".repeat(32), cookieName, ...(recommended ? { ttl: 1800 } : {}) };

async function act(request, answer) {
  const { operations, status, cache } = parse(request.url);
  const s = await getIronSession(request, answer, options);
  const clear = () => s.destroy();
  const results = await run(operations, {
    get: key => s[key],
    put: async (key, value) => { s[key] = value; await s.save(); },
    del: async key => { delete s[key]; await s.save(); },
    destroy: clear,
    logout: clear,
    login: async user => { s.user = user; await s.save(); },
    whoami: () => s.user,
  });
  if (cache) answer.setHeader("Cache-Control", cache);
  answer.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(results));
}

createServer((request, answer) => {
  if (request.url === "/caps")
    return answer.end(JSON.stringify(caps("iron-session", ["iron-session"], cookieName,
      "get put del destroy login logout whoami",
      { sealed: true, stats: false, idle: recommended ? 1800 : 1209600 })));
  act(request, answer).catch(() => answer.writeHead(500).end());
}).listen(port, "127.0.0.1");
