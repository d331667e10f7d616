import {
  chunk,
  COUNTS,
  either,
  finishOf,
  FRAME,
  isStreamed,
  type Json,
  pieces,
  type Reply,
  sendJson,
  type Shape,
  whole,
  wholeCalls,
} from "./shape.ts";

const USAGE = {
  prompt_tokens: COUNTS.prompt,
  completion_tokens: COUNTS.answer,
  total_tokens: COUNTS.total,
  prompt_tokens_details: { cached_tokens: COUNTS.cached },
  completion_tokens_details: { reasoning_tokens: COUNTS.reasoning },
};

const usageOnly = (usage: Json): Json => ({ ...FRAME, choices: [], usage });

const thoughts = ({ reasoning }: Reply, field: string): Json[] =>
  pieces(reasoning).map((piece) => chunk({ [field]: piece }));

const words = (text: string | undefined): Json[] =>
  pieces(text).map((content) => chunk({ content }));

const callsAtOnce = (reply: Reply): Json[] => (reply.calls ? [chunk(wholeCalls(reply))] : []);

/** Newest vLLM: `reasoning` alone, and a stream that must not be asked for usage when it is none. */
export const vllm: Shape = {
  fields: { server_type: "vllm", model: "Qwen/Qwen3-8B" },
  refuses: (body) =>
    body["stream"] !== true && "stream_options" in body
      ? "Stream options can only be defined when `stream=True`."
      : undefined,
  answer: (reply) =>
    either(
      [
        chunk({ role: "assistant", content: "" }),
        ...thoughts(reply, "reasoning"),
        ...words(reply.text),
        ...callsAtOnce(reply),
        chunk({}, {}, finishOf(reply)),
        usageOnly(USAGE),
      ],
      whole(
        { content: reply.text ?? null, reasoning: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        USAGE,
      ),
    ),
};

/** vLLM without a reasoning parser, under a template that opens the tag itself. */
export const vllmRaw: Shape = {
  fields: { server_type: "vllm", model: "Qwen/Qwen3-4B-Thinking-2507" },
  answer: (reply) => {
    const raw = `${reply.reasoning ?? ""}\n</think>\n\n${reply.text ?? ""}`;
    return either(
      [
        chunk({ role: "assistant", content: "" }),
        ...words(raw),
        ...callsAtOnce(reply),
        chunk({}, {}, finishOf(reply)),
        usageOnly(USAGE),
      ],
      whole({ content: raw, ...wholeCalls(reply) }, finishOf(reply), USAGE),
    );
  },
};

/** Ids are null after the first piece, and the role comes with every one. */
export const sglang: Shape = {
  fields: { server_type: "sglang", model: "Qwen/Qwen3-8B" },
  answer: (reply) => {
    const calls = (reply.calls ?? []).flatMap(({ name, args }, index) => [
      { index, id: `call_${index + 1}`, type: "function", function: { name, arguments: "" } },
      {
        index,
        id: null,
        type: "function",
        function: { name: null, arguments: JSON.stringify(args) },
      },
    ]);
    return either(
      [
        ...thoughts(reply, "reasoning_content"),
        ...words(reply.text),
        ...calls.map((call) => chunk({ role: "assistant", tool_calls: [call] })),
        chunk({ role: "assistant" }, {}, finishOf(reply)),
        usageOnly(USAGE),
      ],
      whole(
        { content: reply.text ?? "", reasoning_content: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        USAGE,
      ),
    );
  },
};

const OLLAMA_USAGE = {
  prompt_tokens: COUNTS.prompt,
  completion_tokens: COUNTS.answer,
  total_tokens: COUNTS.total,
};

/** Ollama's OpenAI door: whole calls, all of index 0, and no details of usage. */
export const ollama: Shape = {
  fields: { server_type: "ollama", model: "qwen3:4b" },
  refuses: (body) => ("tool_choice" in body ? "json: unknown field tool_choice" : undefined),
  answer: (reply) => {
    const calls = (reply.calls ?? []).map(({ name, args }, index) =>
      chunk({
        role: "assistant",
        content: "",
        tool_calls: [
          {
            id: `call_${index + 1}`,
            index: 0,
            type: "function",
            function: { name, arguments: JSON.stringify(args) },
          },
        ],
      }),
    );
    return either(
      [
        ...pieces(reply.reasoning).map((reasoning) =>
          chunk({ role: "assistant", content: "", reasoning }),
        ),
        ...words(reply.text),
        ...calls,
        chunk({ role: "assistant", content: "" }, {}, finishOf(reply)),
        usageOnly(OLLAMA_USAGE),
      ],
      whole(
        { content: reply.text ?? "", reasoning: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        OLLAMA_USAGE,
      ),
    );
  },
};

/** Ollama's own wire: lines of JSON, arguments as objects, calls without ids. */
export const ollamaNative: Shape = {
  fields: { server_type: "ollama_native", model: "qwen3:4b", context_window: 16_384 },
  baseUrl: (url) => url.replace(/\/v1$/, ""),
  path: "/api/chat",
  answer: (reply) => (response, request) => {
    const calls = (reply.calls ?? []).map(({ name, args }) => ({
      function: { name, arguments: args },
    }));
    const line = (message: Json, end: Json = { done: false }): Json => ({
      model: "fake-1",
      created_at: "2026-01-01T00:00:00Z",
      message: { role: "assistant", content: "", ...message },
      ...end,
    });
    const end = {
      done: true,
      done_reason: "stop",
      prompt_eval_count: COUNTS.prompt,
      eval_count: COUNTS.answer,
    };
    if (!isStreamed(request)) {
      const { reasoning: thinking, text: content = "" } = reply;
      sendJson(response, line({ content, thinking, tool_calls: calls }, end));
      return;
    }
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const lines = [
      ...pieces(reply.reasoning).map((thinking) => line({ thinking })),
      ...pieces(reply.text).map((content) => line({ content })),
      ...calls.map((call) => line({ tool_calls: [call] })),
      line({}, end),
    ];
    const text = lines.map((each) => `${JSON.stringify(each)}\n`).join("");
    // Cut beside the ends of lines, as a network does.
    for (let at = 0; at < text.length; at += 97) response.write(text.slice(at, at + 97));
    response.end();
  },
};

/** Tags in the content, cut anywhere. */
export const lmstudio: Shape = {
  fields: { server_type: "lmstudio", model: "qwen3-4b" },
  answer: (reply) => {
    const raw = `<think>\n${reply.reasoning ?? ""}\n</think>\n\n${reply.text ?? ""}`;
    return either(
      [
        ...Array.from(raw, (content) => chunk({ role: "assistant", content })),
        ...callsAtOnce(reply),
        chunk({}, {}, finishOf(reply)),
        usageOnly(USAGE),
      ],
      whole({ content: raw, ...wholeCalls(reply) }, finishOf(reply), USAGE),
    );
  },
};

export const llamacpp: Shape = {
  fields: { server_type: "llamacpp", model: "qwen3" },
  answer: (reply) => {
    const timings = { prompt_n: COUNTS.prompt, predicted_n: COUNTS.answer };
    return either(
      [
        chunk({ role: "assistant", content: null }),
        ...thoughts(reply, "reasoning_content"),
        ...words(reply.text),
        ...callsAtOnce(reply),
        chunk({}, {}, finishOf(reply)),
        { ...usageOnly(USAGE), timings },
      ],
      whole(
        { content: reply.text ?? "", reasoning_content: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        USAGE,
      ),
    );
  },
};
