// What the Node adapters share: the environment, the gate, and one request's operations.
import { readFileSync } from "node:fs";

export const port = Number(process.env.PORT);
export const recommended = process.env.PROFILE === "recommended";
export const redisPort = process.env.REDIS_PORT;

// Waits until the judge opens the gate.
const gate = name => fetch(`http://127.0.0.1:${process.env.KIT_GATE}/${name}`).then(a => a.text());

export const version = name =>
  JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

// The operations, the status to answer with, and the Cache-Control, or null.
export function parse(url) {
  const query = new URL(url, "http://x").searchParams;
  return {
    operations: query.get("ops").split(",").map(text => text.split(":")),
    status: Number(query.get("status") ?? 200),
    cache: query.get("cc"),
  };
}

// Carries out the operations in order; returns their results.
export async function run(operations, table) {
  const results = [];
  for (const [name, ...rest] of operations) results.push(await one(name, rest, table));
  return results;
}

async function one(name, rest, table) {
  if (name === "gate") return gate(...rest).then(() => "ok");
  if (name === "throw") throw new Error("the handler breaks");
  if (!Object.hasOwn(table, name)) return "unsupported";
  const result = await table[name](...rest);
  return name === "get" || name === "whoami" ? result ?? null : result ?? "ok";
}

// A callback API as a promise.
export const until = call => new Promise((done, fail) => call(e => (e ? fail(e) : done())));

// The answer to /caps. Limits in seconds; `login` names the public call, null without one.
export const caps = (name, packages, cookie, operations, more = {}) => ({
  name,
  version: packages.map((p, i) => (i ? `${p} ${version(p)}` : version(p))).join(" / "),
  language: "JavaScript",
  cookie,
  ops: operations.split(" "),
  idle: null,
  absolute: null,
  login: null,
  ...more,
});
