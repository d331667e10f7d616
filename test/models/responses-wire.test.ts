import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chatModel } from "../../src/models/chat.ts";
import { Patient } from "../../src/models/doctor/patient.ts";
import type { Loose } from "../support/calls.ts";
import { fakeProvider, json, type Answer } from "../support/fake-provider.ts";
import { fieldsOf, shapedProvider } from "../support/provider-shapes/index.ts";
import {
  BEGUN,
  eventsOf,
  itemsOf,
  openaiResponses,
  responseOf,
  sendNamed,
} from "../support/provider-shapes/responses.ts";
import { makeModel, testRuntime } from "./support.ts";

const weather = tool(() => "sunny", {
  name: "weather",
  description: "Tells the weather.",
  schema: z.object({ city: z.string() }),
});

/** A model over the Responses API at a server that answers so. */
async function served(fields: object, ...answers: Answer[]) {
  const provider = await fakeProvider(...answers);
  const own = { ...fieldsOf(openaiResponses, provider), api_key: "k", retries: 0, ...fields };
  const runtime = testRuntime({ a: own });
  return {
    provider,
    used: runtime.used,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const good = openaiResponses.answer({ text: "ok" });
const streaming =
  (...events: Loose[]): Answer =>
  (response) =>
    sendNamed(response, events);

async function streamed(model = chatModel()) {
  const chunks = [];
  for await (const chunk of await model.stream("hi")) chunks.push(chunk);
  return chunks.reduce((whole, chunk) => whole.concat(chunk));
}

describe("a request over the Responses API", () => {
  const ask = async (fields: object, options: object = {}, messages: Loose = "hi") => {
    await using s = await served(fields, good);
    await chatModel().invoke(messages, options);
    return { ...s.provider.lastBody };
  };
  const plain = {
    model: "gpt-4.1",
    input: [{ role: "user", content: "hi" }],
    store: false,
    stream: false,
  };

  it.each([
    ["nothing but a question", {}, {}, plain],
    [
      "limits and sampling",
      { out_tokens: 50, temperature: 0.5, top_p: 0.9, user: "u", service_tier: "flex" },
      { stop: ["x"], seed: 1, frequency_penalty: 1, logit_bias: { 1: 2 } },
      {
        ...plain,
        max_output_tokens: 50,
        temperature: 0.5,
        top_p: 0.9,
        user: "u",
        service_tier: "flex",
      },
    ],
    [
      "thinking",
      { model: "gpt-5.1", thinking: { effort: "low", summary: "auto" } },
      {},
      {
        ...plain,
        model: "gpt-5.1",
        reasoning: { effort: "low", summary: "auto" },
        include: ["reasoning.encrypted_content"],
      },
    ],
    [
      "no thinking",
      { model: "gpt-5.1", no_think: true, thinking: { summary: "auto" } },
      {},
      {
        ...plain,
        model: "gpt-5.1",
        reasoning: { effort: "none" },
        include: ["reasoning.encrypted_content"],
      },
    ],
    [
      "log probabilities and fields of its own",
      { extra_body: { truncation: "auto", text: { verbosity: "low" }, store: true } },
      { logprobs: true, top_logprobs: 2 },
      {
        ...plain,
        store: true,
        truncation: "auto",
        text: { verbosity: "low" },
        top_logprobs: 2,
        include: ["message.output_text.logprobs"],
      },
    ],
    [
      "JSON",
      {},
      { response_format: { type: "json_object" } },
      { ...plain, text: { format: { type: "json_object" } } },
    ],
  ])("has %s as this API names it", async (_, fields, options, body) => {
    expect(await ask({ model: "gpt-4.1", ...fields }, options)).toEqual(body);
  });

  it("has tools flat and not strict, and one that is forced by name", async () => {
    await using s = await served({ model: "gpt-4.1" }, good);
    const model = chatModel().bindTools([weather, { type: "web_search" }], {
      tool_choice: "weather",
      parallel_tool_calls: false,
    });
    await model.invoke("hi");
    expect(s.provider.lastBody).toMatchObject({
      tools: [
        {
          type: "function",
          name: "weather",
          description: "Tells the weather.",
          parameters: { type: "object", properties: { city: { type: "string" } } },
          strict: false,
        },
        { type: "web_search" },
      ],
      tool_choice: { type: "function", name: "weather" },
      parallel_tool_calls: false,
    });
  });

  it("has instructions, parts, calls and results as items, in their order", async () => {
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } };
    const calls = [{ id: "c1", name: "weather", args: { city: "Paris" } }];
    const body = await ask({ model: "gpt-4.1" }, {}, [
      new SystemMessage("Be brief."),
      new HumanMessage({ content: [{ type: "text", text: "look" }, image] }),
      new AIMessage({ content: "let me see", tool_calls: calls }),
      new ToolMessage({ tool_call_id: "c1", content: "sunny" }),
      new SystemMessage("Still brief."),
    ]);
    expect(body).toMatchObject({
      instructions: "Be brief.",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "look" },
            { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "auto" },
          ],
        },
        { role: "assistant", content: "let me see" },
        { type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Paris"}' },
        { type: "function_call_output", call_id: "c1", output: "sunny" },
        { role: "system", content: "Still brief." },
      ],
    });
  });

  it("gives a model only reasoning of its own back, and no other provider any of it", async () => {
    const replies = [{ reasoning: "hm", text: "ok" }];
    await using first = await shapedProvider(openaiResponses, ...replies);
    await using other = await fakeProvider((response, request) =>
      request.path.endsWith("/responses")
        ? good(response, request)
        : json({ choices: [{ message: { content: "ok" }, finish_reason: "stop" }] })(
            response,
            request,
          ),
    );
    using _ = testRuntime({
      a: { ...fieldsOf(openaiResponses, first), api_key: "k" },
      b: { ...fieldsOf(openaiResponses, other), api_key: "k" },
      c: { url: other.url, dialect: "openrouter", api_key: "k" },
    });
    const answer = await chatModel().invoke("hi");
    const again = [new HumanMessage("hi"), answer, new HumanMessage("and?")];
    await chatModel().invoke(again);
    expect(JSON.stringify(first.lastBody)).toContain("sealed hm");
    for (const model of ["b", "c"]) {
      await chatModel({ model }).invoke(again);
      expect(JSON.stringify(other.lastBody)).not.toContain("sealed hm");
    }
  });
});

it("kagari doctor asks, and shows the request, as it is sent over the Responses API", async () => {
  await using s = await served({}, good);
  const fields = { ...fieldsOf(openaiResponses, s.provider), api_key: "k" };
  const patient = new Patient(makeModel("a", fields));
  for (const isStreamed of [false, true])
    expect(await patient.ask({ probe: "p", prompt: "hi", isStreamed })).toMatchObject({
      status: 200,
      content: "ok",
      finish: "stop",
      problem: undefined,
    });
  for (const shown of patient.requests)
    expect(shown).toMatchObject({
      url: `${s.provider.url}/responses`,
      body: { input: [{ role: "user", content: "hi" }], max_output_tokens: 2048 },
    });
});

describe("an answer over the Responses API", () => {
  it("has the shape that was asked for", async () => {
    await using s = await served({}, openaiResponses.answer({ text: '{"city":"Paris"}' }));
    const shape = z.object({ city: z.string() });
    const answer = await chatModel().withStructuredOutput(shape, { name: "place" }).invoke("hi");
    expect(answer).toEqual({ city: "Paris" });
    expect(s.provider.lastBody["text"]).toMatchObject({
      format: { type: "json_schema", name: "place", schema: { required: ["city"] } },
    });
  });

  it("is read from servers that tell items only when they are whole", async () => {
    const items = itemsOf({
      reasoning: "hm",
      text: "both",
      calls: [
        { name: "weather", args: { city: "Paris" } },
        { name: "weather", args: { city: "Rome" } },
      ],
    });
    const done = items.map((item, output_index) => ({
      type: "response.output_item.done",
      output_index,
      item,
    }));
    const end = { type: "response.completed", response: responseOf("completed", items) };
    await using _ = await served({}, streaming(...BEGUN, ...done, end));
    expect(await streamed()).toMatchObject({
      content: "both",
      tool_calls: [{ args: { city: "Paris" } }, { args: { city: "Rome" } }],
      additional_kwargs: { reasoning_content: "hm" },
    });
  });

  it("keeps parts of a summary apart, and is counted as the provider counted it", async () => {
    const part = (summary_index: number, delta: string) => [
      { type: "response.reasoning_summary_part.added", output_index: 0, summary_index },
      { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index, delta },
    ];
    const [message = {}] = itemsOf({ text: "ok" });
    const end = { type: "response.completed", response: responseOf("completed", [message]) };
    const events = [...BEGUN, ...part(0, "one"), ...part(1, "two"), ...eventsOf(message, 1), end];
    await using s = await served({}, streaming(...events));
    const { additional_kwargs: extra } = await streamed();
    expect(extra["reasoning_content"]).toBe("one\n\ntwo");
    expect(s.used).toMatchObject([
      {
        promptTokens: 11,
        cachedTokens: 5,
        completionTokens: 7,
        reasoningTokens: 3,
        estimated: false,
        usage: { input_tokens: 11, output_tokens_details: { reasoning_tokens: 3 } },
      },
    ]);
  });

  const incomplete = (reason: string) => ({ incomplete_details: { reason } });
  const half = itemsOf({ text: "half" });

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "content_filter"],
  ])("that is incomplete for %s ends with %s, whole and streamed", async (reason, finish) => {
    const response = responseOf("incomplete", half, incomplete(reason));
    const end = { type: "response.incomplete", response };
    const events = [...BEGUN, ...half.flatMap(eventsOf), end];
    await using _ = await served({}, json(response), streaming(...events));
    for (const message of [await chatModel().invoke("hi"), await streamed()]) {
      expect(message.content).toBe("half");
      expect(message.response_metadata["finish_reason"]).toBe(finish);
    }
  });

  const failed = { error: { code: "server_error", message: "the engine died" } };

  it.each([
    ["fails with status 200", json(responseOf("failed", [], failed)), /the engine died/],
    ["is a page", json("<html>"), /not JSON but an HTML page/],
  ])("that %s is an error that says so", async (_, answer, words) => {
    await using s = await served({}, answer);
    await expect(chatModel().invoke("hi")).rejects.toThrow(words);
    expect(s.used).toMatchObject([{ status: "error" }]);
  });

  it.each([
    ["an error event", { type: "error", code: "server_error", message: "the engine died" }],
    ["a gateway's own words", { error: { code: 502, message: "the engine died" } }],
  ])("that has %s in its stream is that error", async (_, event) => {
    await using s = await served({}, streaming(...BEGUN, event));
    await expect(streamed()).rejects.toMatchObject({ name: "UpstreamError", kind: "server" });
    await expect(streamed()).rejects.toThrow("the engine died");
    expect(s.used).toMatchObject([{ status: "error" }, { status: "error" }]);
  });

  it("whose stream ends before the response does is cut, and no answer", async () => {
    await using _ = await served({}, streaming(...BEGUN, ...half.flatMap(eventsOf)));
    await expect(streamed()).rejects.toThrow("broke off in the middle of its answer");
  });

  it("to a wish for a stream that is no stream is refused", async () => {
    await using _ = await served({}, json(responseOf("completed", half)));
    await expect(streamed()).rejects.toThrow("answered a stream request with application/json");
  });

  it("that nobody reads any more closes the provider's connection", async () => {
    const [message = {}] = half;
    const events = [...BEGUN, ...eventsOf(message, 0)];
    await using s = await served({}, (response) => sendNamed(response, events, { isOpen: true }));
    for await (const chunk of await chatModel().stream("hi")) if (chunk.text !== "") break;
    await s.provider.clientClosed();
    const abort = new AbortController();
    const asked = chatModel().invoke("hi", { signal: abort.signal });
    while (s.provider.requests.length < 2) await new Promise(setImmediate);
    abort.abort();
    await expect(asked).rejects.toThrow(/abort/i);
    await s.provider.allSocketsClosed();
  });

  it("to several at once is refused before it is asked for", async () => {
    await using s = await served({}, good);
    await expect(chatModel().invoke("hi", { n: 2 } as object)).rejects.toThrow("one answer");
    expect(s.provider.requests).toEqual([]);
  });
});
