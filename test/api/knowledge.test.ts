import { expect, it } from "vitest";
import { newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { pdf } from "../support/documents.ts";
import { apiOf, OWN_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

const GUIDE = `# Lamps

The blue lamp burns whale oil.

# 退货

七天内可以无理由退货，运费由买家承担。
`;
const guide = { source: "guide.md", text: GUIDE, content_type: "text/markdown" };
const PATH = "/knowledge/shop/documents";
const FIND = "/knowledge/shop/search";

const open = (): Promise<TestServer> => testServer({ langgraph: OWN_GRAPHS });
const human = (content: string) => ({ messages: [{ role: "user", content }] });

it("keeps a document once, replaces it when it changed, and leaves no old part", async () => {
  await using server = await open();
  const first = await okJson(server.put(PATH, guide));
  expect(first).toMatchObject({ status: "created", source: "guide.md", model: "demo-embedding" });
  expect(await okJson(server.put(PATH, guide))).toMatchObject({ status: "unchanged" });
  const usage = await okJson(server.get("/usage"));
  expect(usage.totals[0]).toMatchObject({ calls: 1 });

  const changed = { ...guide, text: "The blue lamp burns gas." };
  expect(await okJson(server.put(PATH, changed))).toMatchObject({ status: "updated", chunks: 1 });
  const { passages } = await okJson(server.post(FIND, { query: "blue lamp oil" }));
  expect(passages.map(({ text }: { text: string }) => text)).toEqual([changed.text]);
  expect((await okJson(server.get(PATH))).documents).toHaveLength(1);
});

it.each([
  ["which oil does the blue lamp burn", "whale oil"],
  ["运费谁承担", "运费由买家承担"],
])("finds by words and meaning, with its place: %s", async (query, text) => {
  await using server = await open();
  await okJson(server.put(PATH, guide));
  const filler = { source: "other.txt", text: "Nothing of interest. 无关内容。" };
  await okJson(server.put(PATH, filler));
  for (const weights of [undefined, { vector: 0 }, { keyword: 0 }]) {
    const { passages } = await okJson(server.post(FIND, { query, weights }));
    expect(passages[0].text).toContain(text);
    expect(passages[0]).toMatchObject({ source: "guide.md", first_line: 1 });
  }
});

it("shows nobody the documents of another key, nor the store", async () => {
  await using server = await open();
  const withKey = async (name: string) => {
    const operator = { "x-api-key": server.localSecret };
    const { secret } = await okJson(server.post("/keys", { name }, operator));
    return apiOf((path, init = {}) => {
      const headers = { ...Object.fromEntries(new Headers(init.headers)), "x-api-key": secret };
      return server.request(path, { ...init, headers });
    });
  };
  const [ann, bob] = [await withKey("ann"), await withKey("bob")];
  const { document_id } = await okJson(ann.put(PATH, guide));
  expect(await okJson(bob.post(FIND, { query: "whale oil" }))).toEqual({ passages: [] });
  await refusal(bob.del(`${PATH}/${document_id}`), 404);
  await refusal(bob.del("/knowledge/shop"), 404);
  expect(await okJson(ann.get("/knowledge"))).toEqual({ collections: ["shop"] });
  expect(await okJson(ann.post("/store/items/search", {}))).toEqual({ items: [] });
  expect((await ann.del(`${PATH}/${document_id}`)).status).toBe(204);
  expect(await okJson(ann.get("/knowledge"))).toEqual({ collections: [] });
});

it("answers in the rag graph from what it found, or says that there is no answer", async () => {
  await using server = await open();
  await okJson(server.put(PATH, guide));
  const ask = async (question: string) => {
    const thread = await newThread(server);
    const context = { collection: "shop" };
    return runWait(server, thread, { assistant_id: "rag", input: human(question), context });
  };
  const found = await ask("Which oil does the blue lamp burn?");
  expect(found.sources[0]).toMatchObject({ number: 1, source: "guide.md", first_line: 1 });
  const none = await ask("xylophone quartz zeppelin");
  expect(none.sources).toEqual([]);
  expect(none.messages.at(-1).content).toBe("The documents do not contain an answer to this.");
});

it("reads documents of other kinds, and tells where in them a passage is", async () => {
  await using server = await open();
  const data = pdf([["Nothing."], ["The blue lamp burns whale oil."]]).toString("base64");
  const kept = await okJson(server.put(PATH, { source: "guide.pdf", data }));
  expect(kept).toMatchObject({ status: "created", content_type: "application/pdf", chunks: 2 });
  expect(await okJson(server.put(PATH, { source: "guide.pdf", data }))).toMatchObject({
    status: "unchanged",
  });
  const { passages } = await okJson(server.post(FIND, { query: "whale oil" }));
  expect(passages[0]).toMatchObject({ source: "guide.pdf", page: 2, chunk: 1 });
});

it.each([
  [{ source: "a.pdf", text: "hello" }, 415, "a.pdf is called a PDF, but does not begin as one"],
  [{ source: "a.json", text: "{" }, 422, "a.json is not valid JSON"],
  [{ source: "a.txt", data: "not base64!" }, 422, "data"],
  [{ source: "a.txt" }, 422, "give text or data"],
  [{ source: "../a.txt", text: "hello" }, 422, '".." in its path'],
])("refuses what cannot be read: %j", async (body, status, reason) => {
  await using server = await open();
  expect(await refusal(server.put(PATH, body), status)).toMatchObject({
    detail: expect.stringContaining(reason),
  });
  expect(await okJson(server.get("/knowledge"))).toEqual({ collections: [] });
});

it("refuses a document of too many chunks, and names the limit", async () => {
  const settings = { document_max_chunks: 5 };
  await using server = await testServer({ langgraph: OWN_GRAPHS, settings });
  const body = { source: "long.txt", text: "whale oil. ".repeat(2000) };
  expect(await refusal(server.put(PATH, body), 413)).toMatchObject({
    detail: "long.txt has more than 5 chunks (document_max_chunks): divide it",
  });
});

it("clears away in the background what was deleted", async () => {
  await using server = await open();
  await okJson(server.put(PATH, guide));
  expect((await server.del("/knowledge/shop")).status).toBe(204);
  await server.ctx.background.tick();
  expect(await server.ctx.storage.knowledge.clear(server.ctx.clock.now())).toBe(false);
});

const putFile = (server: TestServer, name: string, body: Uint8Array, accept = "*/*") =>
  server.request(`${PATH}?source=${name}`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", accept },
    body: new Uint8Array(body),
  });

it("takes a file as the body, whatever its kind", async () => {
  await using server = await open();
  const kept = await okJson(putFile(server, "guide.pdf", pdf([["The blue lamp burns oil."]])));
  expect(kept).toMatchObject({ status: "created", content_type: "application/pdf" });
  const json = Buffer.from('{"lamp": "blue"}');
  expect(await okJson(putFile(server, "a.json", json))).toMatchObject({
    content_type: "application/json",
  });
  expect(await okJson(putFile(server, "a.json", json))).toMatchObject({ status: "unchanged" });
  await refusal(putFile(server, "..%2Fa.txt", json), 422);
});

it("refuses a file that is too large, and names the limit", async () => {
  await using server = await testServer({
    langgraph: OWN_GRAPHS,
    settings: { document_max_bytes: 10 },
  });
  expect(await refusal(putFile(server, "a.txt", Buffer.alloc(11, "x")), 413)).toMatchObject({
    detail: "a.txt has more than 10 bytes (document_max_bytes)",
    max_bytes: 10,
  });
});

it("tells how far a file has come, and then that it is kept or why not", async () => {
  await using server = await open();
  const long = Buffer.from("The blue lamp burns whale oil.\n".repeat(9000));
  const eventsOf = async (response: Response) =>
    [...(await response.text()).matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(
      ([, event, data = ""]) => [event, JSON.parse(data)] as const,
    );
  const events = await eventsOf(await putFile(server, "a.txt", long, "text/event-stream"));
  expect(events.at(0)).toMatchObject(["progress", { done: 200 }]);
  expect(events.at(-1)).toMatchObject(["document", { status: "created", source: "a.txt" }]);
  const bad = await putFile(server, "a.pdf", Buffer.from("%PDF-"), "text/event-stream");
  expect(await eventsOf(bad)).toMatchObject([
    ["error", { code: "validation", detail: expect.stringContaining("a.pdf is damaged") }],
  ]);
});
