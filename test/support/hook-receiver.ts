import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Loose } from "./calls.ts";

export interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  body: Loose;
}

export interface HookReceiver extends AsyncDisposable {
  url: string;
  host: string;
  received: Received[];
  /** What to answer next, in order; the last one repeats. */
  answers: ((response: ServerResponse) => void)[];
  /** Resolves when so many have come. */
  count(wanted: number): Promise<void>;
}

export const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(code, headers).end("noted");
  };

/** A server on loopback that takes webhooks. */
export async function hookReceiver(): Promise<HookReceiver> {
  const received: Received[] = [];
  let wake = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const take = async () => {
      const sent = await text(request);
      received.push({ headers: request.headers, text: sent, body: JSON.parse(sent) });
      wake.resolve();
      wake = Promise.withResolvers();
      const { answers } = receiver;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(response);
    };
    void take();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const receiver: HookReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    host: `127.0.0.1:${port}`,
    received,
    answers: [status(200)],
    async count(wanted) {
      while (received.length < wanted) await wake.promise;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}
