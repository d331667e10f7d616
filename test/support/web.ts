import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

export interface WebRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A web server on loopback that answers as a test says, and what it was asked. */
export async function web(answer: (request: WebRequest, response: ServerResponse) => void) {
  const requests: WebRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const asked = { path: request.url ?? "", headers: request.headers, body };
      requests.push(asked);
      answer(asked, response);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
