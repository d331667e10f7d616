// proxy.ts hono|node UPSTREAM
// A proxy of a model server that does nothing else: what a gateway cannot do without. Sends its port to
// its parent.
import { createServer, request, Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { z } from "zod";

const [kind, upstream] = z.tuple([z.enum(["hono", "node"]), z.url()]).parse(process.argv.slice(2));

/** Hono and fetch, as most gateways are written. */
function byHono(): void {
  const app = new Hono();
  app.post("/v1/*", async (c) => {
    const { pathname } = new URL(c.req.url);
    const answer = await fetch(new URL(pathname, upstream), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: await c.req.arrayBuffer(),
    });
    const type = answer.headers.get("content-type") ?? "application/json";
    return new Response(answer.body, { status: answer.status, headers: { "content-type": type } });
  });
  serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send?.(port));
}

/** Sockets piped into each other. */
function byNode(): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 10_000 });
  const { hostname, port } = new URL(upstream);
  const server = createServer((from, to) => {
    const { host: _host, ...headers } = from.headers;
    const call = request(
      { agent, hostname, port, path: from.url, method: from.method, headers },
      (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
      },
    );
    call.on("error", () => to.destroy());
    from.pipe(call);
  });
  server.listen(0, "127.0.0.1", () => {
    // A server that listens on a port has an address of this form.
    process.send?.((server.address() as AddressInfo).port);
  });
}

if (kind === "hono") byHono();
else byNode();
process.on("disconnect", () => process.exit(0));
