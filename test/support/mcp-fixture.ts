import { setTimeout as delay } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

const said = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** A real MCP server with tools that behave well and badly. `die` ends what it lives in. */
export function mcpFixture({ die }: { die: () => void }): McpServer {
  const server = new McpServer({ name: "fixture", version: "1.0.0" });
  const text = { inputSchema: { text: z.string() } };
  server.registerTool("echo", { description: "Says it again.", ...text }, ({ text: it }) =>
    said(`${it} from ${process.env["FIXTURE_NAME"] ?? "nobody"}`),
  );
  server.registerTool("flood", { inputSchema: { length: z.number() } }, ({ length }) =>
    said("x".repeat(length)),
  );
  server.registerTool("hang", {}, async (_extra) => {
    await delay(1e9, undefined, { ref: false });
    return said("never");
  });
  server.registerTool("fail", {}, () => {
    throw new Error("it broke");
  });
  server.registerTool("die", {}, () => {
    die();
    return said("dying");
  });
  server.registerTool(
    "erase",
    { ...text, annotations: { destructiveHint: true } },
    ({ text: it }) => said(`erased ${it}`),
  );
  server.registerTool("odd.name", {}, () => said("odd"));
  server.registerTool("secrets", {}, () => said(JSON.stringify(process.env)));
  server.registerTool("learn", {}, () => {
    server.registerTool("learned", {}, () => said("learned well"));
    return said("learnt");
  });
  return server;
}
