import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { mcpFixture } from "./mcp-fixture.ts";

/** The fixture over streamable HTTP on a free port, or the one given. */
export async function mcpOverHttp(port = 0) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      seen.push(request.headers);
      const known = sessions.get(String(request.headers["mcp-session-id"]));
      if (known) return await known.handleRequest(request, response);
      if (request.headers["mcp-session-id"] !== undefined) return response.writeHead(404).end();
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, transport),
      });
      const fixture = mcpFixture({ die: () => server.closeAllConnections() });
      await fixture.connect(transport);
      return await transport.handleRequest(request, response);
    })();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${taken}/mcp`,
    port: taken,
    seen,
    /** Knows none of its clients any more, as after a restart. */
    forget: () => sessions.clear(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
