import { describe, expect, it } from "vitest";
import { graph } from "../../graphs/extract.ts";
import type { Loose } from "../support/calls.ts";
import { docx, pdf } from "../support/documents.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "../models/support.ts";
import { inScript, partial, served } from "./support.ts";

const TEXT = "订单 8：Ada Lovelace\nbought 3 lamps (blue).";
const SCHEMA = {
  type: "object" as const,
  properties: { buyer: { type: "string" }, count: { type: "integer" }, colour: { type: "string" } },
  required: ["buyer", "count"],
};

const says = (data: object, sources: object[] = []) => fake.text(JSON.stringify({ data, sources }));

async function extract(answers: fake.Answer[], input: object = {}): Promise<Loose> {
  await using provider = await fake.fakeProvider(...answers);
  using _ = testRuntime({
    a: { url: provider.url, api_key: "test-key", structured_output: "json_schema", retries: 0 },
  });
  const state: Loose = await graph.invoke({ text: TEXT, schema: SCHEMA, ...input });
  return { ...state, requests: provider.requests };
}

describe("graphs/extract", () => {
  it("gives each value the place of its quote, however the text breaks its lines", async () => {
    const quoted = [
      { field: "buyer", quote: "Ada Lovelace bought" },
      { field: "/count", quote: "3 lamps" },
    ];
    const { data, sources } = await extract([
      says({ buyer: "Ada", count: 3, colour: "blue" }, quoted),
    ]);
    expect(data).toEqual({ buyer: "Ada", count: 3, colour: "blue" });
    expect(sources.map(({ field, quote }: Loose) => [field, quote])).toEqual([
      ["/buyer", "Ada Lovelace\nbought"],
      ["/count", "3 lamps"],
      ["/colour", "blue"],
    ]);
    for (const { quote, start, end, is_in_text } of sources) {
      expect(is_in_text).toBe(true);
      expect(TEXT.slice(start, end)).toBe(quote);
    }
  });

  it("flags a quote that is not in the text, and a value without one", async () => {
    const { sources } = await extract([
      says({ buyer: "Ada", count: 4 }, [{ field: "/buyer", quote: "Ada Byron" }]),
    ]);
    const nowhere = { start: null, end: null, is_in_text: false };
    expect(sources).toEqual([
      { field: "/buyer", quote: "Ada Byron", ...nowhere },
      { field: "/count", quote: null, ...nowhere },
    ]);
  });

  it("asks once more with what was wrong", async () => {
    const { data, requests } = await extract([
      says({ buyer: "Ada", count: "three" }),
      says({ buyer: "Ada", count: 3 }),
    ]);
    expect(data.count).toBe(3);
    expect(requests).toHaveLength(2);
    const [, , answer, correction] = requests[1].body.messages;
    expect(answer).toMatchObject({ role: "assistant", content: expect.stringContaining("three") });
    expect(correction.role).toBe("user");
  });

  it("fails with what is wrong after the second answer", async () => {
    await using provider = await fake.fakeProvider(says({ buyer: "Ada", count: "three" }));
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
    await expect(graph.invoke({ text: TEXT, schema: SCHEMA })).rejects.toThrow(/count/);
    expect(provider.requests).toHaveLength(2);
  });

  it("keeps the references inside a schema", async () => {
    const schema = {
      type: "object",
      properties: { lines: { type: "array", items: { $ref: "#/$defs/line" } } },
      $defs: { line: { type: "object", properties: { of: { type: "string" } }, required: ["of"] } },
    };
    const { data, requests } = await extract(
      [says({ lines: [{}] }), says({ lines: [{ of: "lamps" }] })],
      { schema },
    );
    expect(data).toEqual({ lines: [{ of: "lamps" }] });
    expect(requests).toHaveLength(2);
  });

  it("reads the last message and the schema of the context", async () => {
    await using provider = await fake.fakeProvider(says({ buyer: "Ada Lovelace", count: 3 }));
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
    const state = await graph.invoke(
      { messages: [["user", TEXT]] },
      { context: partial({ schema: SCHEMA }) },
    );
    expect(JSON.parse(state.messages.at(-1)?.text ?? "")).toEqual(state.data);
  });

  it.each([
    [{ text: TEXT }, /No `schema`/],
    [{ text: " ", schema: SCHEMA }, /Nothing to extract from/],
  ])("says what is missing in %j", async (input, problem) => {
    using _ = testRuntime({ demo: { server_type: "demo" } });
    await expect(graph.invoke(input)).rejects.toThrow(problem);
  });

  it("reads a document of the input or of the last message, and no older one", async () => {
    await using s = await served();
    const schema = { ...SCHEMA, properties: { city: { type: "string" } }, required: ["city"] };
    const { thread_id } = await s.client.threads.create();
    const ask = async (input: object): Promise<Loose> =>
      await s.client.runs.wait(thread_id, "extract", { input: { schema, ...input } });
    const data = pdf([["Oslo 3 days"]]).toString("base64");
    const read = await ask({ document: { name: "trip.pdf", data } });
    expect(read.data).toEqual({ city: "Oslo 3 days" });
    expect(read.document).toBeNull();
    const part = {
      type: "file",
      mimeType: "application/octet-stream",
      data: docx("Trips", "Rome 2 days").toString("base64"),
      metadata: { filename: "trip.docx" },
    };
    const content = [{ type: "text", text: "What is it?" }, part];
    expect((await ask({ messages: [{ role: "user", content }] })).document_text).toContain("Rome");
    const text = await ask({ messages: [{ role: "user", content: "Bern 1 day" }] });
    expect(text).toMatchObject({ data: { city: "Bern 1 day" }, document_text: null });
    const broken = { name: "trip.pdf", data: Buffer.from("%PDF-1.7 nothing").toString("base64") };
    await expect(ask({ document: broken })).rejects.toThrow("trip.pdf is damaged");
    expect(
      await inScript("extract", { schema, document: { name: "trip.pdf", data } }),
    ).toMatchObject({
      data: { city: "Oslo 3 days" },
    });
  });

  it("works over the official client on the demo model, and in a plain script", async () => {
    await using s = await served();
    const input = {
      text: "Oslo 3 days",
      schema: { ...SCHEMA, properties: { city: { type: "string" } }, required: ["city"] },
    };
    const state: Loose = await s.client.runs.wait(null, "extract", { input });
    const whole = { field: "/city", quote: "Oslo 3 days", start: 0, end: 11, is_in_text: true };
    expect(state).toMatchObject({ data: { city: "Oslo 3 days" }, sources: [whole] });
    expect(await inScript("extract", input)).toMatchObject({ sources: [whole] });
  });
});
