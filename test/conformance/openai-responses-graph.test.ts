import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";
import type OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { okJson, type Loose } from "../support/calls.ts";
import {
  type Answer,
  completion,
  delta,
  type FakeProvider,
  stream,
  text,
  textStream,
} from "../support/fake-provider.ts";
import { drain, openAiServer, type OpenAiServer } from "../support/openai-server.ts";
import { type ListeningServer, TEST_GRAPHS } from "../support/test-server.ts";

let running: OpenAiServer;
let upstream: FakeProvider;
let server: ListeningServer;
let openai: OpenAI;

async function serve(...[answers = [], ...rest]: Partial<Parameters<typeof openAiServer>>) {
  running = await openAiServer(answers, ...rest);
  ({ upstream, server, openai } = running);
}

afterEach(() => running[Symbol.asyncDispose]());

const threads = (): Promise<Loose[]> => okJson(server.post("/threads/search", {}));
const CHAT = { model: "graph:chat", metadata: { model: "it" } };

/** Says the beginning, and the rest when it is let. */
function inTwoParts(): { answer: Answer; goOn: () => void } {
  let goOn = (): void => undefined;
  const answer: Answer = (response, request) => {
    stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })(response, request);
    goOn = () => {
      for (const chunk of [delta({ content: "lo" }), delta({}, "stop")])
        response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      response.end("data: [DONE]\n\n");
    };
  };
  return { answer, goOn: () => goOn() };
}

describe("a graph that asks for leave", () => {
  const ask = (more: object = {}) =>
    openai.responses.create({ model: "graph:approval", input: "Tell Bo: tea", ...more });

  it("is answered by an approval item, yes or no with a reason", async () => {
    await serve();
    const question = await ask();
    expect(question.status).toBe("completed");
    expect(question.output).toMatchObject([
      { type: "message" },
      { type: "mcp_approval_request", name: "send_message", server_label: "kagari" },
    ]);
    const [, request] = question.output;
    if (request?.type !== "mcp_approval_request") throw new Error("nothing is asked");
    expect(JSON.parse(request.arguments)).toMatchObject({ text: expect.any(String) });
    expect((await openai.responses.retrieve(question.id)).output).toEqual(question.output);
    const answer = (approve: boolean, more: object = {}) =>
      ask({
        previous_response_id: question.id,
        input: [
          {
            type: "mcp_approval_response",
            approval_request_id: request.id,
            approve,
            reason: "too late",
          },
        ],
        ...more,
      });
    const refused = await answer(false);
    expect(refused.output_text).toContain("Not sent");
    expect(refused.output_text).toContain("too late");
    for (const more of [{}, { store: false }])
      await expect(answer(true, more)).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining(refused.id),
      });
    const next = await ask({ previous_response_id: refused.id, input: "Then tell Bo: cake" });
    const again = next.output.at(-1);
    if (again?.type !== "mcp_approval_request") throw new Error("nothing is asked");
    const sent = await ask({
      previous_response_id: next.id,
      input: [{ type: "mcp_approval_response", approval_request_id: again.id, approve: true }],
    });
    expect(sent.output_text).toMatch(/^Sent/);
  });

  it("streams its question to the helper of the openai package", async () => {
    await serve();
    const runner = openai.responses.stream({ model: "graph:approval", input: "Tell Bo: tea" });
    const events = await drain<Loose>(runner);
    const of = events.filter(({ item }) => item?.type === "mcp_approval_request");
    expect(of.map(({ type }) => type)).toEqual([
      "response.output_item.added",
      "response.output_item.done",
    ]);
    const final = await runner.finalResponse();
    expect(final.output.at(-1)).toMatchObject({ type: "mcp_approval_request" });
  });

  it("is answered by words, and by the output of a call with the id of the interrupt", async () => {
    await serve();
    const question: Loose = await ask();
    const said = await ask({ previous_response_id: question.id, input: "approve" });
    expect(said.output_text).toMatch(/^Sent/);
    const other: Loose = await ask();
    const [{ id: call_id }] = other.kagari.interrupts;
    const output = JSON.stringify({ decisions: [{ type: "reject", message: "no" }] });
    const told = await ask({
      previous_response_id: other.id,
      input: [{ type: "function_call_output", call_id, output }],
    });
    expect(told.output_text).toContain("Not sent");
  });

  it("refuses an approval of what it does not ask, and words that are no decision", async () => {
    await serve();
    const { id } = await ask();
    const unasked = id.replace("resp_", "mcpr_");
    const item = {
      type: "mcp_approval_response",
      approval_request_id: `${unasked}_7`,
      approve: true,
    };
    for (const input of [[item], "well..."])
      await expect(ask({ previous_response_id: id, input })).rejects.toMatchObject({ status: 400 });
  });

  it("works with the approvals of the AI SDK, which sends the whole conversation", async () => {
    await serve();
    const model = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused" }).responses(
      "graph:approval",
    );
    const prompt = { role: "user" as const, content: "Tell Bo: tea" };
    const question = await generateText({ model, messages: [prompt] });
    const request = question.content.find(({ type }) => type === "tool-approval-request") as Loose;
    expect(request.toolCall).toMatchObject({ toolName: "mcp.send_message" });
    const { approvalId } = request;
    const answer = await generateText({
      model,
      messages: [
        prompt,
        ...question.response.messages,
        {
          role: "tool",
          content: [
            {
              type: "tool-approval-response",
              approvalId,
              approved: true,
              providerExecuted: true,
            },
          ],
        },
      ],
    });
    expect(answer.text).toMatch(/^Sent/);
  });
});

it("gives a graph's question that is no approval the value of a call's output, JSON or text", async () => {
  await serve([], {}, { langgraph: TEST_GRAPHS });
  for (const [output, value] of [
    ['{"is":"yes"}', { is: "yes" }],
    ["yes", "yes"],
  ] as const) {
    const question: Loose = await openai.responses.create({ model: "graph:ask", input: "Hi" });
    expect(question.output).toMatchObject([{ type: "message" }]);
    expect(question.output_text).toContain("sure?");
    const [{ id: call_id }] = question.kagari.interrupts;
    const answer: Loose = await openai.responses.create({
      model: "graph:ask",
      previous_response_id: question.id,
      input: [{ type: "function_call_output", call_id, output }],
    });
    expect(answer.output_text).toBe("thanks");
    const run = await okJson(server.get(`/threads/${answer.kagari.thread_id}/state`));
    expect(run.values.answers).toEqual([value]);
  }
});

describe("a response that is not stored", () => {
  it("goes on from a stored one and leaves its thread as it was", async () => {
    await serve([text("A"), text("B")]);
    const first = await openai.responses.create({ ...CHAT, input: "One" });
    const [thread] = await threads();
    const before = await okJson(server.get(`/threads/${thread.thread_id}/state`));
    const second = await openai.responses.create({
      ...CHAT,
      input: "Two",
      store: false,
      previous_response_id: first.id,
    });
    expect(second).toMatchObject({ status: "completed", output_text: "B" });
    expect(upstream.lastBody["messages"]).toMatchObject(
      expect.arrayContaining([
        { role: "user", content: "One" },
        { role: "assistant", content: "A" },
      ]),
    );
    await expect(openai.responses.retrieve(second.id)).rejects.toMatchObject({ status: 404 });
    expect(await okJson(server.get(`/threads/${thread.thread_id}/state`))).toEqual(before);
    expect(await okJson(server.get(`/threads/${thread.thread_id}/runs`))).toHaveLength(1);
    expect(await threads()).toHaveLength(1);
  });

  it("answers a question without settling it", async () => {
    await serve();
    const model = "graph:approval";
    const question = await openai.responses.create({ model, input: "Tell Bo: tea" });
    const asked = { model, previous_response_id: question.id };
    const tried = await openai.responses.create({ ...asked, input: "reject no", store: false });
    expect(tried.output_text).toContain("Not sent");
    const [thread] = await threads();
    expect(thread.status).toBe("interrupted");
    const settled = await openai.responses.create({ ...asked, input: "approve" });
    expect(settled.output_text).toMatch(/^Sent/);
  });
});

describe("a client that leaves", () => {
  it.each([CHAT, { model: "it" }])(
    "ends a streamed response of $model, and the provider's connection",
    async (asked) => {
      await serve([stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })]);
      const controller = new AbortController();
      const events = await openai.responses.create(
        { ...asked, input: "Hi", stream: true },
        { signal: controller.signal },
      );
      let id = "";
      for await (const event of events) {
        if (event.type === "response.created") ({ id } = event.response);
        if (event.type === "response.output_text.delta") break;
      }
      controller.abort();
      await upstream.clientClosed();
      await expect.poll(async () => (await openai.responses.retrieve(id)).status).toBe("cancelled");
    },
  );

  it("ends a response that is not streamed too", async () => {
    await serve([stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })]);
    const controller = new AbortController();
    const asked = openai.responses.create({ ...CHAT, input: "Hi" }, { signal: controller.signal });
    await expect.poll(() => upstream.requests.length).toBe(1);
    controller.abort();
    await expect(asked).rejects.toThrow("aborted");
    await upstream.clientClosed();
  });

  it("lets a response of the background go on, and takes it up where it left off", async () => {
    const { answer, goOn } = inTwoParts();
    await serve([answer]);
    const events = await openai.responses.create({
      ...CHAT,
      input: "Hi",
      stream: true,
      background: true,
    });
    const seen: Loose[] = [];
    for await (const event of events) {
      seen.push(event);
      if (event.type === "response.output_text.delta") break;
    }
    goOn();
    const { id } = seen[0].response;
    const starting_after = seen.at(-1).sequence_number;
    const rest = await drain<Loose>(
      await openai.responses.retrieve(id, { stream: true, starting_after }),
    );
    const numbers = [...seen, ...rest].map(({ sequence_number: number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    const said = [...seen, ...rest].map((event) =>
      event.type === "response.output_text.delta" ? event.delta : "",
    );
    expect(said.join("")).toBe("Hello");
    const whole = await drain<Loose>(await openai.responses.retrieve(id, { stream: true }));
    expect(whole.slice(starting_after + 1)).toEqual(rest);
    const helper = openai.responses.stream({ response_id: id, starting_after });
    expect((await helper.finalResponse()).output_text).toBe("Hello");
    expect(upstream.requests).toHaveLength(1);
  });
});

it("has a model's response of the background streamed and taken up too", async () => {
  await serve([completion({ content: "Later" })]);
  const begun = await openai.responses.create({
    model: "it",
    input: "Hi",
    stream: true,
    background: true,
  });
  let id = "";
  for await (const event of begun) {
    if (event.type !== "response.in_progress") continue;
    ({ id } = event.response);
    break;
  }
  const events = await drain<Loose>(
    await openai.responses.retrieve(id, { stream: true, starting_after: 1 }),
  );
  expect(events[0]).toMatchObject({ type: "response.output_item.added", sequence_number: 2 });
  expect(events.at(-1).response).toMatchObject({ id, status: "completed" });
});

describe("a conversation", () => {
  it("goes on from a model to a graph, to another graph, and back to the model", async () => {
    await serve([completion({ content: "A" }), textStream("B"), completion({ content: "D" })]);
    const first = await openai.responses.create({ model: "it", input: "One" });
    const second = await openai.responses.create({
      ...CHAT,
      input: "Two",
      previous_response_id: first.id,
    });
    expect(second.output_text).toBe("B");
    const question = await openai.responses.create({
      model: "graph:approval",
      input: "Tell Bo: tea",
      previous_response_id: second.id,
    });
    const request = question.output.at(-1);
    const answer = await openai.responses.create({
      model: "graph:approval",
      previous_response_id: question.id,
      input: [
        {
          type: "mcp_approval_response",
          approval_request_id: request && "id" in request ? (request.id ?? "") : "",
          approve: true,
        },
      ],
    });
    expect(answer.output_text).toMatch(/^Sent/);
    const last = await openai.responses.create({
      model: "it",
      input: "Five",
      previous_response_id: answer.id,
    });
    expect(last.output_text).toBe("D");
    const told = (upstream.lastBody["messages"] as Loose[]).map(
      ({ role, content }) => `${role}: ${content}`,
    );
    expect(told).toEqual([
      "user: One",
      "assistant: A",
      "user: Two",
      "assistant: B",
      "user: Tell Bo: tea",
      expect.stringMatching(/^assistant: .*send_message/s),
      "user: approve",
      expect.stringMatching(/^assistant: Sent/),
      "user: Five",
    ]);
  });

  it("refuses to go on from a response that has not ended, and fields that would change it", async () => {
    await serve([inTwoParts().answer]);
    const begun = await openai.responses.create({ ...CHAT, input: "Hi", background: true });
    for (const model of ["graph:chat", "it"])
      await expect(
        openai.responses.create({ model, input: "More", previous_response_id: begun.id }),
      ).rejects.toMatchObject({ status: 409 });
    for (const more of [{ conversation: "conv_1" }, { prompt: { id: "pmpt_1" } }])
      await expect(
        openai.responses.create({ model: "it", input: "Hi", ...more }),
      ).rejects.toMatchObject({ status: 400, param: Object.keys(more)[0] });
  });
});

describe("a response with an Idempotency-Key", () => {
  const keyed = (more: object, key = "once") =>
    openai.responses.create(
      { ...CHAT, input: "Hi", ...more },
      { idempotencyKey: key, headers: { "idempotency-key": key } },
    ) as Promise<Loose>;

  it.each([{}, { model: "it" }, { background: true }, { model: "it", background: true }])(
    "is made once: %o",
    async (more) => {
      await serve([text("A"), text("B")]);
      const first = await keyed(more);
      const second = await keyed(more);
      expect(second.id).toBe(first.id);
      await drain(await openai.responses.retrieve(first.id, { stream: true }));
      expect(await keyed(more)).toMatchObject({ status: "completed", output_text: "A" });
      expect(upstream.requests).toHaveLength(1);
      await expect(keyed({ ...more, input: "Other" })).rejects.toMatchObject({ status: 400 });
    },
  );

  it("is streamed again from its beginning", async () => {
    await serve([text("A"), text("B")]);
    const first = await drain(await keyed({ stream: true }));
    expect(await drain(await keyed({ stream: true }))).toEqual(first);
    expect(upstream.requests).toHaveLength(1);
  });

  it("cannot be repeated where it was not stored", async () => {
    await serve([text("A")]);
    await keyed({ store: false });
    await expect(keyed({ store: false })).rejects.toMatchObject({ status: 409 });
    expect(upstream.requests).toHaveLength(1);
  });
});
