import { SmartRouter } from "hono/router/smart-router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { TrieRouter } from "hono/router/trie-router";
import { expect } from "vitest";
import { anything } from "../../src/http/answers/parts.ts";
import { jsonOf, noJsonOf, type NoJson, type Route } from "../../src/http/route.ts";
import { routes } from "../../src/http/routes/index.ts";

const table = new SmartRouter<Route>({ routers: [new RegExpRouter(), new TrieRouter()] });
for (const entry of routes) table.add(entry.method.toUpperCase(), entry.path, entry);

const TYPES: Readonly<Record<Exclude<NoJson, "bytes">, RegExp>> = {
  nothing: /^$/,
  socket: /^$/,
  events: /^text\/event-stream/,
  text: /^(text\/(plain|csv)|application\/x-ndjson|application\/jsonl)/,
  page: /^text\/html/,
};

/** Fails when a 2xx answer is not what the table of routes, and so the OpenAPI document, says of it. */
export async function checkAnswer(path: string, init: RequestInit, answer: Response) {
  if (!answer.ok) return;
  const { pathname } = new URL(path, "http://any");
  const method = init.method ?? "GET";
  const [found] = table.match(method, pathname.replace(/^\/{2,}/, "/"))[0];
  if (found === undefined) return;
  const { response } = found[0];
  const place = `${method} ${pathname}`;
  const type = answer.headers.get("content-type") ?? "";
  const [schema, other] = [jsonOf(response), noJsonOf(response)];
  if (schema === undefined || !type.startsWith("application/json")) {
    expect(other, `${place} answers ${type}`).toBeDefined();
    if (other !== undefined && other !== "bytes") expect(type, place).toMatch(TYPES[other]);
    return;
  }
  // The result of a run may be anything, and is long in coming.
  if (schema === anything) return;
  const body: unknown = await answer.clone().json();
  // What a schema does not name it leaves out, so that what is not documented shows.
  expect(schema.parse(body), `${place} answers more than is documented`).toEqual(body);
}
