import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "../../src/core/log.ts";
import { STREAM_MODES } from "../../src/domain/run.ts";
import { chatModel } from "../../src/models/chat.ts";
import { newThread } from "../support/calls.ts";
import { transportOf } from "../../src/models/transport.ts";
import * as fake from "../support/fake-provider.ts";
import { runCli, spawnServer, tempFolder, type SpawnedServer } from "../support/spawn-server.ts";
import { makeModel, testRuntime } from "../models/support.ts";

const marker = (kind: string) => `marker-${kind}-${randomUUID()}`;
const MARKERS = {
  env: marker("env"),
  file: marker("file"),
  literal: marker("literal"),
  header: marker("header"),
  query: marker("query"),
  proxy: marker("proxy"),
  process: marker("process"),
};
const ENV = { HUNT_KEY: MARKERS.env, HUNT_HEADER: MARKERS.header, OPENAI_API_KEY: MARKERS.process };

/** All that a request carried, as a spiteful provider would repeat it. */
const echoOf = ({ headers, path }: fake.RecordedRequest): string =>
  `you sent ${JSON.stringify(headers)} to ${path}`;

const ECHOES: Record<string, (echo: string) => fake.Answer> = {
  refused: (message) => fake.json({ error: { message, code: "invalid_api_key" } }, { status: 401 }),
  bare: (message) => fake.json({ code: 20012, message }, { status: 400 }),
  nested: (message) =>
    fake.json({ error: { message: "no", param: message, code: message } }, { status: 400 }),
  text: (message) => (response) => void response.writeHead(403).end(message),
  page: (message) => (response) =>
    void response.writeHead(403, { "content-type": "text/html" }).end(`<html>${message}</html>`),
  "error with 200": (message) => fake.json({ error: { message } }),
  "error in stream": (message) =>
    fake.stream([fake.delta({ content: "a" }), { error: { message, code: message } }]),
  "no JSON": (message) => (response) => void response.writeHead(200).end(message),
  "id of the request": (message) =>
    fake.json({ error: { message: "no" } }, { status: 400, headers: { "x-request-id": message } }),
  moved: (message) => fake.json({ message }, { status: 307, headers: { location: "/other" } }),
};

/** Answers as the model's name says: `ok`, or one of the echoes. */
const spiteful: fake.Answer = (response, request) => {
  const echo = ECHOES[String(request.body["model"])]?.(echoOf(request));
  (echo ?? fake.text("fine"))(response, request);
};

/** A proxy that refuses everything and repeats what it was sent. */
async function spitefulProxy() {
  let seen = "";
  const server = createServer((request, response) => {
    seen += JSON.stringify(request.headers);
    response.writeHead(407, { "x-echo": JSON.stringify(request.headers) });
    response.end(JSON.stringify({ error: { message: JSON.stringify(request.headers) } }));
  });
  server.on("connect", (request, socket) => {
    seen += JSON.stringify(request.headers);
    socket.end(`HTTP/1.1 407 ${request.headers["proxy-authorization"] ?? ""}\r\n\r\n`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, seen: () => seen, close: () => server.close() };
}

/** Where a marker is, if anywhere: also in the forms of JSON, URLs and base64. */
function expectNoMarker(text: string, where: string): void {
  for (const [kind, value] of Object.entries(MARKERS)) {
    const coded = [value, `user:${value}`].map((form) =>
      Buffer.from(form).toString("base64").replace(/=+$/, ""),
    );
    const found = [value, ...coded].some((form) => text.includes(form));
    expect(found, `the ${kind} key is in ${where}: ${around(text, value)}`).toBe(false);
  }
}

const around = (text: string, value: string): string => {
  const at = text.indexOf(value);
  return at < 0 ? "" : text.slice(Math.max(0, at - 300), at + 50);
};

/** The ways a key gets into a request, by the name of the model file. */
const CARRIERS: Record<string, object> = {
  env: { api_key: "env:HUNT_KEY" },
  file: { api_key: "file:key.txt" },
  literal: { api_key: MARKERS.literal },
  header: { api_key: null, headers: { "x-gateway-key": "${HUNT_HEADER}" } },
  query: { api_key: null, query: { key: MARKERS.query } },
};

describe("no key of a model is found", () => {
  const models = tempFolder();
  let provider: fake.FakeProvider;
  let server: SpawnedServer;
  let proxy: Awaited<ReturnType<typeof spitefulProxy>>;
  const ids: string[] = [];

  beforeAll(async () => {
    provider = await fake.fakeProvider(spiteful);
    writeFileSync(join(models.path, "key.txt"), `${MARKERS.file}\n`);
    writeFileSync(join(models.path, "demo.json"), '{"server_type":"demo"}');
    const write = (id: string, fields: object) => {
      const content = { url: provider.url, retries: 0, ...fields };
      writeFileSync(join(models.path, `${id}.json`), JSON.stringify(content));
      ids.push(id);
    };
    for (const [carrier, fields] of Object.entries(CARRIERS))
      for (const model of ["ok", ...Object.keys(ECHOES)])
        write(`${carrier} ${model}`, { ...fields, model });
    proxy = await spitefulProxy();
    const proxyUrl = `http://user:${MARKERS.proxy}@127.0.0.1:${proxy.port}`;
    write("proxy", { model: "ok", api_key: null, proxy: proxyUrl });
    server = await spawnServer({
      env: { ...ENV, KAGARI_LOCAL_MODELS: "off" },
      flags: [`--models-dir=${models.path}`, "--log-level=trace"],
    });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
    proxy.close();
    models[Symbol.dispose]();
  });

  const ask = async (id: string, how: "wait" | "stream") => {
    const thread = await newThread(server.api);
    const answer = await server.api.post(`/threads/${thread}/runs/${how}`, {
      assistant_id: "chat",
      input: { messages: "hi" },
      context: { model: id },
      stream_mode: STREAM_MODES,
    });
    const texts = [await answer.text()];
    for (const path of ["", "/state", "/history", "/runs"])
      texts.push(await (await server.api.get(`/threads/${thread}${path}`)).text());
    return texts.join("\n");
  };

  it("in answers, streams, states and histories, whatever the provider says", async () => {
    const asked = ids.flatMap((id) => [
      ask(id, "wait").then((text) => expectNoMarker(text, `the wait of ${id}`)),
      ask(id, "stream").then((text) => expectNoMarker(text, `the stream of ${id}`)),
    ]);
    await Promise.all(asked);
    const sent = JSON.stringify(provider.requests);
    for (const carrier of Object.keys(CARRIERS))
      expect(sent, carrier).toContain(MARKERS[carrier as keyof typeof MARKERS]);
    expect(sent).not.toContain(MARKERS.process);
    expect(proxy.seen()).toContain(Buffer.from(`user:${MARKERS.proxy}`).toString("base64"));
    expectNoMarker(await (await server.api.get("/info")).text(), "/info");
  }, 120_000);

  it("in the log, of whatever level, and in that of refused files", async () => {
    writeFileSync(join(models.path, "bad.json"), `{"api_key": "${MARKERS.literal}", "url": 5}`);
    await expect.poll(() => server.log, { timeout: 10_000 }).toContain("model configs refused");
    writeFileSync(join(models.path, "bad.json"), `{"api_key": ${MARKERS.literal}`);
    await expect.poll(() => server.log, { timeout: 10_000 }).toContain("not valid JSON at line 1");
    const moved = { ...CARRIERS["literal"], url: "http://127.0.0.1:9/v1", model: "ok" };
    rmSync(join(models.path, "bad.json"));
    writeFileSync(join(models.path, "literal ok.json"), JSON.stringify(moved));
    await expect.poll(() => server.log, { timeout: 10_000 }).toContain("while the key stayed");
    expectNoMarker(server.log, "the log");
  });

  it("in the files of the database", async () => {
    const bytes = readdirSync(server.dataDir, { recursive: true, encoding: "utf8" })
      .map((name) => readFileSync(join(server.dataDir, name)).toString("latin1"))
      .join("\n");
    expect(bytes).toContain("SQLite format 3");
    expectNoMarker(bytes, "the database");
  });

  it.concurrent.each([
    [["models"]],
    [["models", "--json"]],
    ...[
      "env ok",
      "env refused",
      "literal ok",
      "header ok",
      "query ok",
      "file refused",
      "proxy",
    ].map((id) => [["doctor", id, "--no-context"]]),
    [["doctor", "header refused", "--json"]],
  ])("in what kagari %j prints", async (args) => {
    const folder = tempFolder();
    writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');
    const { stdout, stderr } = await runCli([...args, `--models-dir=${models.path}`], {
      cwd: folder.path,
      env: { ...ENV, KAGARI_LOCAL_MODELS: "off" },
    });
    folder[Symbol.dispose]();
    expect(stdout).not.toBe("");
    expectNoMarker(stdout + stderr, args.join(" "));
  });
});

/** A handler as tracers are: it keeps all it is told, in every way that things are written down. */
class Recorder extends BaseCallbackHandler {
  name = "recorder";
  readonly told: string[] = [];
  override handleChatModelStart = (...args: unknown[]) => this.#keep(args);
  override handleLLMNewToken = (...args: unknown[]) => this.#keep(args);
  override handleLLMEnd = (...args: unknown[]) => this.#keep(args);
  override handleLLMError = (...args: unknown[]) => this.#keep(args);
  #keep(args: unknown[]): void {
    this.told.push(JSON.stringify(args), everything(args));
  }
}

/** A thing as deep as it goes, hidden properties and causes of errors among it. */
const everything = (value: unknown): string => inspect(value, { depth: 30, showHidden: true });

describe("no key is found in this process", () => {
  it.each(["ok", ...Object.keys(ECHOES)])(
    "by a tracer, in a thrown error or in a log of it: %s",
    async (model) => {
      await using provider = await fake.fakeProvider(spiteful);
      const fields = { url: provider.url, api_key: MARKERS.literal, model, retries: 0 };
      using _ = testRuntime({ a: fields });
      const recorder = new Recorder();
      const chat = chatModel();
      const said: unknown[] = [];
      for (const call of [
        () => chat.invoke("hi", { callbacks: [recorder] }),
        async () => {
          for await (const chunk of await chat.stream("hi", { callbacks: [recorder] }))
            said.push(chunk);
        },
      ])
        said.push(await call().catch((error: unknown) => error));
      expect(provider.requests[0]?.headers.authorization).toContain(MARKERS.literal);
      expect(recorder.told).not.toEqual([]);
      expectNoMarker(recorder.told.join("\n"), "what a tracer is told");
      for (const thing of said) expectNoMarker(everything(thing), "what a call gives");
      expectNoMarker(logged(said), "the log of it");
    },
  );

  it("in a refusal as the transport hands it on, body and headers", async () => {
    const echo: fake.Answer = (response, { headers }) => {
      const said = JSON.stringify(headers);
      response.writeHead(403, { "x-echo": said }).end(said);
    };
    await using provider = await fake.fakeProvider(echo);
    const model = makeModel("a", { url: provider.url, api_key: MARKERS.literal });
    const request = { method: "POST", body: "{}" };
    const response = await transportOf(model)(`${provider.url}/chat/completions`, request);
    expect(response.status).toBe(403);
    expectNoMarker(JSON.stringify([...response.headers]) + (await response.text()), "a refusal");
  });

  it("in a model or chat model that is printed or serialised", () => {
    const headers = { "x-gateway-key": MARKERS.header };
    const proxy = `http://user:${MARKERS.proxy}@127.0.0.1:9`;
    const fields = { url: "http://127.0.0.1:9/v1", api_key: MARKERS.literal, headers, proxy };
    using _ = testRuntime({ a: fields });
    const model = makeModel("a", fields);
    for (const thing of [model, model.status(), chatModel(), chatModel().bindTools([])])
      expectNoMarker(`${JSON.stringify(thing)}${everything(thing)}`, "a model");
  });
});

/** Lines of the product's own log that tell of these things. */
function logged(things: unknown[]): string {
  const lines: string[] = [];
  const log = createLog("trace");
  const stream = Object.getOwnPropertySymbols(log).find((symbol) =>
    String(symbol).includes("stream"),
  );
  expect(stream).toBeDefined();
  const child = log.child({}, {});
  Object.assign(child, { [stream as symbol]: { write: (line: string) => void lines.push(line) } });
  for (const thing of things) child.error({ err: thing, thing }, "told");
  expect(lines).toHaveLength(things.length);
  return lines.join("\n");
}
