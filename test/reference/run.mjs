// node test/reference/run.mjs, after npm install in its folder: serves the graphs of this repository with the reference dev server and asks each one thing.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Client } from "@langchain/langgraph-sdk";

const START_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 60_000;
const FOLDER = new URL("./node_modules/@langchain/langgraph-cli/", import.meta.url);
const CLI = fileURLToPath(new URL("dist/cli/cli.mjs", FOLDER));
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** What each graph is asked; a new graph needs a line. */
const CHECKS = {
  chat: async (client) => {
    const thread = await client.threads.create();
    let pieces = 0;
    let answer = "";
    const input = { messages: [{ role: "user", content: "What is 6 * 7?" }] };
    const stream = client.runs.stream(thread.thread_id, "chat", {
      input,
      streamMode: ["messages-tuple", "values"],
    });
    for await (const { event, data } of stream) {
      if (event === "error") throw new Error(JSON.stringify(data));
      if (event === "messages") pieces += 1;
      if (event === "values") answer = textOf(data.messages?.at(-1));
    }
    expect(answer.includes("42"), `answered ${JSON.stringify(answer)} in ${pieces} pieces`);
    return `${pieces} streamed pieces, ${JSON.stringify(answer)}`;
  },
  approval: async (client) => {
    const { thread_id } = await client.threads.create();
    const input = { messages: [{ role: "user", content: "Tell Ann that I am late." }] };
    const asked = await client.runs.wait(thread_id, "approval", { input });
    expect(asked.__interrupt__?.length === 1, `did not ask: ${JSON.stringify(asked)}`);
    const command = { resume: { decisions: [{ type: "approve" }] } };
    const state = await client.runs.wait(thread_id, "approval", { command });
    expect(!state.__interrupt__, `asked again: ${JSON.stringify(state)}`);
    const { status } = await client.threads.get(thread_id);
    expect(status === "idle", `the thread is ${status}`);
    return `asked, approved, ${JSON.stringify(textOf(state.messages.at(-1)))}`;
  },
  extract: async (client) => {
    const schema = { type: "object", properties: { buyer: { type: "string" } } };
    const input = { text: "Ada Lovelace bought 3 lamps.", schema };
    const { data } = await client.runs.wait(null, "extract", { input });
    expect(typeof data?.buyer === "string", `took out ${JSON.stringify(data)}`);
    return JSON.stringify(data);
  },
  rag: async (client) => {
    const context = { collection: "shop" };
    const { messages } = await client.runs.wait(null, "rag", { input: ask("Which oil?"), context });
    const answer = textOf(messages.at(-1));
    expect(answer.includes("do not contain an answer"), `answered ${JSON.stringify(answer)}`);
    return "says that a collection without documents has no answer";
  },
  team: async (client) => {
    const { messages } = await client.runs.wait(null, "team", { input: ask("What is 6 * 7?") });
    const answer = textOf(messages.at(-1));
    expect(answer.includes("42"), `answered ${JSON.stringify(answer)}`);
    return JSON.stringify(answer);
  },
  research: async (client) => {
    const input = ask("Which lamps are there?");
    const { messages } = await client.runs.wait(null, "research", { input });
    const report = textOf(messages.at(-1));
    expect(report.length > 0, "no report");
    return `a report of ${report.length} characters`;
  },
};

const ask = (content) => ({ messages: [{ role: "user", content }] });

function expect(isSo, problem) {
  if (!isSo) throw new Error(problem);
}

const textOf = (message) =>
  typeof message?.content === "string" ? message.content : JSON.stringify(message?.content ?? null);

const print = (line) => process.stdout.write(`${line}\n`);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the reference server over our langgraph.json; it is in a process group of its own. */
async function startServer() {
  const port = await freePort();
  const options = ["--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", String(port)];
  const child = spawn(process.execPath, [CLI, "dev", ...options], {
    cwd: PROJECT,
    detached: true,
    env: { ...process.env, LANGGRAPH_CLI_NO_ANALYTICS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const output of [child.stdout, child.stderr])
    output.setEncoding("utf8").on("data", (text) => (log += text));
  return { child, url: `http://127.0.0.1:${port}`, log: () => log };
}

async function untilReady({ child, url }) {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end;) {
    if (child.exitCode !== null) throw new Error(`langgraphjs ended with ${child.exitCode}`);
    const isReady = await fetch(`${url}/ok`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`langgraphjs did not answer in ${START_LIMIT_MS} ms`);
}

/** Ends the command line tool and the server that it started. */
async function stopServer({ child }) {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

async function within(work, limitMs) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks one graph; true when it answered as it should. */
async function checkGraph(client, id) {
  try {
    const check = CHECKS[id];
    expect(check !== undefined, "run.mjs asks it nothing: add a check");
    print(`ok    ${id}: ${await within(check(client), ANSWER_LIMIT_MS)}`);
    const schemas = await within(client.assistants.getSchemas(id), ANSWER_LIMIT_MS);
    const fields = Object.keys(schemas.input_schema?.properties ?? {});
    expect(fields.includes("messages"), `schemas name ${JSON.stringify(fields)}`);
    print(`ok    ${id}: its input schema names ${fields.join(", ")}`);
    return true;
  } catch (error) {
    print(`FAIL  ${id}: ${error.message}`);
    return false;
  }
}

const { version } = JSON.parse(readFileSync(new URL("package.json", FOLDER)));
const { graphs } = JSON.parse(readFileSync(new URL("../../langgraph.json", import.meta.url)));
const server = await startServer();
const ids = Object.keys(graphs);
let working = 0;
try {
  await untilReady(server);
  print(`langgraphjs ${version} on Node ${process.version} serves langgraph.json`);
  const client = new Client({ apiUrl: server.url, apiKey: null });
  for (const id of ids) if (await checkGraph(client, id)) working += 1;
} catch (error) {
  print(`FAIL  ${error.message}`);
} finally {
  await stopServer(server);
}
if (working < ids.length) print(server.log());
print(`${working} of ${ids.length} graphs work`);
process.exitCode = working === ids.length ? 0 : 1;
