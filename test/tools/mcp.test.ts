import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { calling } from "../graphs/support.ts";
import type { Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { mcpOverHttp } from "../support/mcp-http.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS } from "../support/test-server.ts";
import { ASKED, LONG_POLL, resultsIn, tooled } from "./support.ts";

const FIXTURE = fileURLToPath(new URL("../support/mcp-stdio.ts", import.meta.url));
const fine = fake.text("fine");

const stdio = (fields: object = {}) => ({ command: process.execPath, args: [FIXTURE], ...fields });

/** A server with these MCP servers. */
async function withMcp(mcpServers: object, settings: object = {}) {
  const folder = tempFolder();
  const mcp_file = join(folder.path, "mcp.json");
  const write = (servers: object) =>
    writeFileSync(mcp_file, JSON.stringify({ mcpServers: servers }));
  write(mcpServers);
  const it = await tooled([fine], { settings: { mcp_file, ...settings } });
  /** Runs the calls one after the other, and answers their results. */
  const results = async (wanted: string[], ...calls: [string, object][]) => {
    it.answer(...calls.map((call) => calling(call)), fine);
    const { thread_id } = await it.client.threads.create();
    const context = { tools: wanted };
    const values: Loose = await it.client.runs.wait(thread_id, "tooled", { input: ASKED, context });
    return resultsIn(values).map(({ content }) => content);
  };
  const offered = async (wanted: string[]): Promise<string[]> => {
    await results(wanted);
    const tools: Loose[] = JSON.parse(JSON.stringify(it.provider.lastBody["tools"] ?? []));
    return tools.map((tool) => tool["function"].name);
  };
  return {
    ...it,
    write,
    results,
    offered,
    async [Symbol.asyncDispose]() {
      await it[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** An address that sends everybody on to another. */
async function redirecting(location: string) {
  const server = createServer((_, response) => void response.writeHead(307, { location }).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/mcp`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.each(["stdio", "http"])("an MCP server over %s", (transport) => {
  async function served() {
    const http = await mcpOverHttp();
    const config = transport === "stdio" ? stdio() : { url: http.url };
    const it = await withMcp({ fix: config, quick: { ...config, timeout: 0.1 } });
    return {
      ...it,
      async [Symbol.asyncDispose]() {
        await it[Symbol.asyncDispose]();
        await http[Symbol.asyncDispose]();
      },
    };
  }

  it("lends its tools, all or by name, under names that models take", async () => {
    await using it = await served();
    const all = await it.offered(["mcp:fix"]);
    expect(all).toEqual(expect.arrayContaining(["fix__echo", "fix__odd_name"]));
    expect(await it.offered(["mcp:*"])).toEqual([
      ...all,
      ...all.filter((name) => name.startsWith("fix__")).map((name) => name.replace("fix", "quick")),
    ]);
    expect((await it.offered(["fix__echo"])).filter((name) => name.startsWith("fix"))).toEqual([
      "fix__echo",
    ]);
    expect(await it.results(["mcp:fix"], ["fix__echo", { text: "hello" }])).toEqual([
      "hello from nobody",
    ]);
  });

  it("may throw, hang, be wrongly called and tell megabytes: the model is told, the run goes on", async () => {
    await using it = await served();
    const [failed, hung, wrong, flooded] = await it.results(
      ["mcp:fix", "quick__hang"],
      ["fix__fail", {}],
      ["quick__hang", {}],
      ["fix__echo", { text: 5 }],
      ["fix__flood", { length: 3_000_000 }],
    );
    expect(failed).toContain("it broke");
    expect(hung).toContain("did not answer within 0.1 s");
    expect(wrong).toContain("Error");
    expect(flooded).toContain("The result has 3000000 characters");
  });

  it("may die in a call, and is there again for the next", async () => {
    await using it = await served();
    const [died, again] = await it.results(
      ["mcp:fix"],
      ["fix__die", {}],
      ["fix__echo", { text: "still" }],
    );
    expect(died).toContain("Error");
    expect(again).toBe("still from nobody");
  });

  it("is asked again for its tools when it says that they changed", async () => {
    await using it = await served();
    await it.results(["mcp:fix"], ["fix__learn", {}]);
    await expect.poll(() => it.offered(["mcp:fix"]), LONG_POLL).toContain("fix__learned");
    expect(await it.results(["mcp:fix"], ["fix__learned", {}])).toEqual(["learned well"]);
  });

  it("has its destructive tools asked about", async () => {
    await using it = await served();
    it.answer(calling(["fix__erase", { text: "all" }]), fine);
    const { thread_id } = await it.client.threads.create();
    const context = { tools: ["mcp:fix"] };
    const values: Loose = await it.client.runs.wait(thread_id, "tooled", { input: ASKED, context });
    expect(values.__interrupt__[0].value.action_requests).toMatchObject([{ name: "fix__erase" }]);
  });
});

describe("MCP servers", () => {
  it("are not started before their tools are wanted", async () => {
    using folder = tempFolder();
    const log = join(folder.path, "log");
    await using it = await withMcp({ fix: stdio({ env: { FIXTURE_LOG: log } }) });
    await it.results(["clock"]);
    expect(existsSync(log)).toBe(false);
    await it.results(["mcp:fix"]);
    expect(existsSync(log)).toBe(true);
  });

  it("get the variables that their entry names, and none of ours", async () => {
    using folder = tempFolder();
    const log = join(folder.path, "log");
    const env = { FIXTURE_LOG: log, FIXTURE_NAME: "${FIXTURE_SECRET}" };
    process.env["FIXTURE_SECRET"] = "s3cret-of-the-operator";
    process.env["FIXTURE_OTHER"] = "other-of-the-operator";
    const it = await withMcp({ fix: stdio({ env }) });
    const [told, all] = await it.results(
      ["mcp:fix"],
      ["fix__echo", { text: "x" }],
      ["fix__secrets", {}],
    );
    expect(told).toBe("x from s3cret-of-the-operator");
    expect(all).not.toContain("other-of-the-operator");
    const [pid = 0] = readFileSync(log, "utf8").split("\n").map(Number);
    expect(isAlive(pid)).toBe(true);
    await it[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
  });

  it("that cannot be had leave the graph without their tools, which it tells model and client", async () => {
    await using it = await withMcp({
      dead: { url: "http://127.0.0.1:9/mcp" },
      absent: { command: "no-such-program-anywhere" },
      unset: { url: "http://127.0.0.1:9/mcp", headers: { authorization: "Bearer ${NOT_SET_X}" } },
    });
    expect(await it.offered(["mcp:*", "clock"])).toContain("clock");
    expect((await it.offered(["mcp:*"])).filter((name) => name.includes("__"))).toEqual([]);
  });

  it("are told of in the chat graph", async () => {
    using folder = tempFolder();
    const mcp_file = join(folder.path, "mcp.json");
    const dead = { url: "http://127.0.0.1:9/mcp?key=k" };
    writeFileSync(mcp_file, JSON.stringify({ mcpServers: { dead } }));
    await using it = await tooled([fine], { langgraph: OWN_GRAPHS, settings: { mcp_file } });
    const events: Loose[] = [];
    const payload = { input: ASKED, context: { tools: ["mcp:dead", "clock"] } };
    const stream = it.client.runs.stream(null, "chat", {
      ...payload,
      streamMode: ["custom", "values"],
    });
    for await (const event of stream) events.push(event);
    const missing = ["The MCP server dead cannot be reached."];
    expect(events).toContainEqual(
      expect.objectContaining({ event: "custom", data: { missing_tools: missing } }),
    );
    const sent = JSON.stringify(it.provider.lastBody);
    expect(sent).toContain("The MCP server dead cannot be reached.");
    expect(sent).toContain('"clock"');
    expect(sent).not.toContain("127.0.0.1");
  });

  it("are had again after they were away", async () => {
    const first = await mcpOverHttp();
    const { url, port } = first;
    await using it = await withMcp({ fix: { url } });
    expect(await it.offered(["mcp:fix"])).toContain("fix__echo");
    first.forget();
    const [lost, found] = await it.results(
      ["mcp:fix"],
      ["fix__echo", { text: "a" }],
      ["fix__echo", { text: "b" }],
    );
    expect([lost, found]).toEqual([expect.stringContaining("Error"), "b from nobody"]);
    await first[Symbol.asyncDispose]();
    expect(await it.results(["mcp:fix"], ["fix__echo", { text: "c" }])).toEqual([
      expect.stringContaining("Error"),
    ]);
    await using _ = await mcpOverHttp(port);
    it.server.advance(60_000);
    expect(await it.results(["mcp:fix"], ["fix__echo", { text: "d" }])).toEqual(["d from nobody"]);
  });

  it("are taken anew when their file changes: a removed one is ended", async () => {
    using folder = tempFolder();
    const log = join(folder.path, "log");
    await using it = await withMcp({ fix: stdio({ env: { FIXTURE_LOG: log } }) });
    await it.offered(["mcp:fix"]);
    const [pid = 0] = readFileSync(log, "utf8").split("\n").map(Number);
    it.write({ other: stdio() });
    await expect.poll(() => isAlive(pid), LONG_POLL).toBe(false);
    expect(await it.offered(["mcp:other"])).toContain("other__echo");
  });

  it("send keys by headers, which no redirect takes elsewhere", async () => {
    await using http = await mcpOverHttp();
    await using sender = await redirecting(http.url);
    process.env["FIXTURE_TOKEN"] = "of-the-operator";
    const headers = { authorization: "Bearer ${FIXTURE_TOKEN}" };
    await using it = await withMcp({ fix: { url: http.url, headers } });
    await it.offered(["mcp:fix"]);
    expect(http.seen.map(({ authorization }) => authorization)).toContain("Bearer of-the-operator");
    http.seen.length = 0;
    it.write({ moved: { url: sender.url, headers } });
    await expect.poll(() => it.offered(["mcp:*"]), LONG_POLL).not.toContain("fix__echo");
    expect(await it.offered(["mcp:moved"])).not.toContain("moved__echo");
    expect(http.seen).toEqual([]);
  });

  it("come from the operator's file only", async () => {
    using folder = tempFolder();
    const evil = join(folder.path, "evil");
    const mcpServers = { evil: { command: "touch", args: [evil] } };
    const hostile = {
      mcpServers,
      mcp_servers: mcpServers,
      mcp_config: mcpServers,
      tools: ["mcp:evil"],
    };
    await using it = await withMcp({});
    const { client, server } = it;
    const assistant = await client.assistants.create({
      graphId: "tooled",
      context: hostile,
      config: { configurable: hostile },
      metadata: hostile,
    });
    const thread = await client.threads.create({ metadata: hostile });
    const ask = async (payload: object): Promise<Loose> =>
      await client.runs.wait(thread.thread_id, assistant.assistant_id, {
        input: ASKED,
        raiseError: false,
        ...payload,
      });
    for (const payload of [{}, { context: hostile }, { input: { ...ASKED, ...hostile } }])
      expect((await ask(payload)).__error__.message).toContain('Unknown MCP server "evil"');
    const inline = { tools: [{ name: "evil", command: "touch", args: [evil] }] };
    expect((await ask({ context: inline })).__error__.error).toBe("validation");
    for (const path of ["/mcp/servers", "/tools", "/config/mcp.json"])
      expect((await server.put(path, { mcpServers })).status).toBe(404);
    expect(existsSync(evil)).toBe(false);
  });

  it.each<[entry: object, problem: string]>([
    [{ fix: {} }, "mcpServers.fix: expected either command or url"],
    [{ fix: { command: "a", url: "http://a" } }, "mcpServers.fix: expected either"],
    [{ fix: { url: "file:///etc/passwd" } }, "mcpServers.fix.url: expected an http or https URL"],
    [{ fix: { command: "a", shell: true } }, 'mcpServers.fix: unknown key "shell"'],
    [{ fix: { command: "a", policy: "maybe" } }, "mcpServers.fix.policy"],
    [{ a__b: { command: "a" } }, "mcpServers.a__b"],
  ])("that are written as %j stop the start", async (entry, problem) => {
    await expect(withMcp(entry)).rejects.toThrow(problem);
  });
});
