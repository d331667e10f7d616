import type { ServerResponse } from "node:http";
import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Hono } from "hono";
import { type Pieces, piecesOf } from "./piecewise-body.ts";

/** So long the head of an answer waits for the first piece, to be sent together with it. */
const HEAD_WITHIN_MS = 20;

/** The app as the server of Node calls it: bodies in pieces are written by ourselves. */
export function nodeFetch(app: Hono) {
  return async (request: Request, env: HttpBindings | Http2Bindings): Promise<Response> => {
    const response = await app.fetch(request, env);
    const body = piecesOf(response);
    if (!body) return response;
    // Our own server speaks HTTP/1; the type allows for HTTP/2.
    const { outgoing } = env as HttpBindings & { outgoing: ServerResponse };
    if (outgoing.destroyed) body.leave();
    else {
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      void sendTo(outgoing, body);
    }
    return RESPONSE_ALREADY_SENT;
  };
}

/** Writes a body to a connection as it is made, without a web stream between them. */
async function sendTo(outgoing: ServerResponse, body: Pieces): Promise<void> {
  const late = setTimeout(() => outgoing.flushHeaders(), HEAD_WITHIN_MS);
  let goOn: (() => void) | undefined;
  outgoing.on("drain", () => goOn?.());
  outgoing.on("close", () => {
    clearTimeout(late);
    if (!outgoing.writableFinished) body.leave();
    goOn?.();
  });
  const write = (text: string): Promise<void> | undefined =>
    outgoing.destroyed || outgoing.write(text)
      ? undefined
      : new Promise((resolve) => (goOn = resolve));
  try {
    await body.send(write, () => void outgoing.destroy());
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}
