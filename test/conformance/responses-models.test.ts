import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import { drain, openAiServer, type OpenAiServer } from "../support/openai-server.ts";
import type { Reply } from "../support/provider-shapes/index.ts";
import { openaiResponses } from "../support/provider-shapes/responses.ts";

const REPLY: Reply = {
  reasoning: "hm",
  text: "It rains.",
  calls: [
    { name: "weather", args: { city: "Paris" } },
    { name: "weather", args: { city: "Rome" } },
  ],
};
const messages = [{ role: "user" as const, content: "hi" }];

let s: OpenAiServer;
beforeAll(async () => {
  s = await openAiServer([openaiResponses.answer(REPLY)], openaiResponses.fields);
});
afterAll(() => s[Symbol.asyncDispose]());

/** Both calls, and what was thought, said and counted. */
const WHOLE = {
  content: "It rains.",
  reasoning_content: "hm",
  tool_calls: [
    { id: "call_1", function: { name: "weather", arguments: '{"city":"Paris"}' } },
    { id: "call_2", function: { name: "weather", arguments: '{"city":"Rome"}' } },
  ],
};
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  prompt_tokens_details: { cached_tokens: 5 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

describe("a model over the Responses API", () => {
  it("answers chat completions as any other, whole", async () => {
    const answer = await s.openai.chat.completions.create({ model: "it", messages });
    expect(answer).toMatchObject({
      object: "chat.completion",
      choices: [{ finish_reason: "tool_calls", message: WHOLE }],
      usage: USAGE,
    });
    expect(s.upstream.requests.at(-1)?.path).toBe("/v1/responses");
  });

  it("answers them as a stream that OpenAI's own helper puts together", async () => {
    const stream = s.openai.chat.completions.stream({
      model: "it",
      messages,
      stream_options: { include_usage: true },
    });
    const answer = await stream.finalChatCompletion();
    const { reasoning_content: _, ...said } = WHOLE;
    expect(answer.choices).toMatchObject([{ finish_reason: "tool_calls", message: said }]);
    expect(answer.usage).toMatchObject(USAGE);
  });

  it("streams sealed reasoning too, for clients that give it back", async () => {
    const stream = await s.openai.chat.completions.create({ model: "it", messages, stream: true });
    const deltas: Loose[] = (await drain(stream)).map(({ choices }) => choices[0]?.delta);
    expect(deltas.flatMap((delta) => delta?.reasoning_details ?? [])).toMatchObject([
      { item: { encrypted_content: "sealed hm" } },
    ]);
  });

  it("sends what a client gives back of an answer, sealed reasoning too", async () => {
    const first = await s.openai.chat.completions.create({ model: "it", messages });
    const given = first.choices.map(({ message }) => message);
    const results = ["call_1", "call_2"].map((tool_call_id) => ({
      role: "tool" as const,
      tool_call_id,
      content: "rain",
    }));
    await s.openai.chat.completions.create({
      model: "it",
      messages: [...messages, ...given, ...results],
    });
    expect(s.upstream.lastBody["input"]).toMatchObject([
      { role: "user" },
      { type: "reasoning", encrypted_content: "sealed hm" },
      { role: "assistant", content: "It rains." },
      { type: "function_call", call_id: "call_1" },
      { type: "function_call", call_id: "call_2" },
      { type: "function_call_output", call_id: "call_1", output: "rain" },
      { type: "function_call_output", call_id: "call_2", output: "rain" },
    ]);
  });

  it("answers the Responses API of this server, whole and streamed", async () => {
    const ask = { model: "it", input: "hi" };
    const answer = await s.openai.responses.create(ask);
    expect(answer.output_text).toBe("It rains.");
    expect(answer.output.filter(({ type }) => type === "function_call")).toHaveLength(2);
    const events = await drain(await s.openai.responses.create({ ...ask, stream: true }));
    expect(events.at(-1)?.type).toBe("response.completed");
  });

  it("refuses what it cannot do by name", async () => {
    const asked = s.openai.chat.completions.create({ model: "it", messages, n: 2 });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("one answer"),
    });
  });
});
