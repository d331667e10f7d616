import {
  chunk,
  COUNTS,
  either,
  finishOf,
  FRAME,
  type Json,
  pieces,
  type Reply,
  type Shape,
  whole,
  wholeCalls,
} from "./shape.ts";

const BASE_USAGE = {
  prompt_tokens: COUNTS.prompt,
  completion_tokens: COUNTS.answer,
  total_tokens: COUNTS.total,
};
const DETAILS = {
  prompt_tokens_details: { cached_tokens: COUNTS.cached },
  completion_tokens_details: { reasoning_tokens: COUNTS.reasoning },
};
const OPENAI_USAGE = { ...BASE_USAGE, ...DETAILS };

const usageOnly = (usage: Json): Json => ({
  ...FRAME,
  object: "chat.completion.chunk",
  choices: [],
  usage,
});

/** Deltas of the calls, cut in two; `later` is what the second piece says of id and name. */
const cutCalls = ({ calls = [] }: Reply, later: Json): Json[] =>
  calls.flatMap(({ name, args }, index) => {
    const text = JSON.stringify(args);
    const first = { index, id: `call_${index + 1}`, type: "function" };
    return [
      chunk({ tool_calls: [{ ...first, function: { name, arguments: text.slice(0, 4) } }] }),
      chunk({
        tool_calls: [{ index, ...later, function: { ...named(later), arguments: text.slice(4) } }],
      }),
    ];
  });

const named = (later: Json): Json => ("id" in later ? { name: later["id"] } : {});

const thoughts = ({ reasoning }: Reply, field: string): Json[] =>
  pieces(reasoning).map((piece) => chunk({ [field]: piece, content: null }));

const words = ({ text }: Reply): Json[] => pieces(text).map((content) => chunk({ content }));

export const openai: Shape = {
  fields: { dialect: "openai", model: "gpt-5.1" },
  answer: (reply) =>
    either(
      [
        chunk({ role: "assistant", content: "", refusal: null }),
        ...words(reply),
        ...cutCalls(reply, {}),
        chunk({}, {}, finishOf(reply)),
        usageOnly(OPENAI_USAGE),
      ],
      whole({ content: reply.text ?? null, ...wholeCalls(reply) }, finishOf(reply), OPENAI_USAGE),
    ),
};

export const dashscope: Shape = {
  fields: { dialect: "dashscope", model: "qwen3-4b" },
  refuses: (body) =>
    body["stream"] !== true && body["enable_thinking"] !== false
      ? "parameter.enable_thinking must be set to false for non-streaming calls"
      : undefined,
  answer: (reply) =>
    either(
      [
        chunk({ role: "assistant", content: null, reasoning_content: "" }),
        ...thoughts(reply, "reasoning_content"),
        ...words(reply),
        ...cutCalls(reply, { id: "" }),
        chunk({ content: "", reasoning_content: null }, {}, finishOf(reply)),
        usageOnly(OPENAI_USAGE),
      ],
      whole({ content: reply.text ?? "", ...wholeCalls(reply) }, finishOf(reply), OPENAI_USAGE),
    ),
};

export const zhipu: Shape = {
  fields: { dialect: "zhipu", model: "glm-4.6" },
  answer: (reply) =>
    either(
      [
        ...thoughts(reply, "reasoning_content").map((each) => ({ ...each, request_id: "r" })),
        ...words(reply),
        ...(reply.calls ? [chunk({ role: "assistant", ...wholeCalls(reply) })] : []),
        chunk({ role: "assistant", content: "" }, { usage: OPENAI_USAGE }, finishOf(reply)),
      ],
      whole(
        { content: reply.text ?? "", reasoning_content: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        OPENAI_USAGE,
      ),
    ),
};

/** Usage in every chunk, growing. */
export const siliconflow: Shape = {
  fields: { dialect: "siliconflow", model: "Qwen/Qwen3-8B" },
  answer: (reply) => {
    const said = [
      ...thoughts(reply, "reasoning_content"),
      ...words(reply),
      ...cutCalls(reply, { id: null }),
    ];
    const growing = said.map((each, index) => ({
      ...each,
      usage: { ...OPENAI_USAGE, completion_tokens: index, total_tokens: COUNTS.prompt + index },
    }));
    const last = chunk({ content: "" }, { usage: OPENAI_USAGE }, finishOf(reply));
    const message = { content: reply.text ?? "", reasoning_content: reply.reasoning };
    return either(
      [...growing, last],
      whole({ ...message, ...wholeCalls(reply) }, finishOf(reply), OPENAI_USAGE),
    );
  },
};

const DEEPSEEK_USAGE = {
  ...BASE_USAGE,
  prompt_cache_hit_tokens: COUNTS.cached,
  prompt_cache_miss_tokens: COUNTS.prompt - COUNTS.cached,
  completion_tokens_details: { reasoning_tokens: COUNTS.reasoning },
};

/** Waits with comments, and wants its reasoning back. */
export const deepseek: Shape = {
  fields: { dialect: "deepseek", model: "deepseek-v4" },
  refuses: (body) => {
    const turns = (body["messages"] as Json[]).filter(({ tool_calls: calls }) => calls);
    return turns.some((turn) => typeof turn["reasoning_content"] !== "string")
      ? "The `reasoning_content` in the thinking mode must be passed back to the API."
      : undefined;
  },
  answer: (reply) =>
    either(
      [
        "keep-alive",
        chunk({ role: "assistant", content: null, reasoning_content: "" }),
        ...thoughts(reply, "reasoning_content"),
        "keep-alive",
        ...words(reply),
        ...cutCalls(reply, {}),
        chunk({ content: "", reasoning_content: null }, { usage: DEEPSEEK_USAGE }, finishOf(reply)),
      ],
      whole(
        { content: reply.text ?? "", reasoning_content: reply.reasoning, ...wholeCalls(reply) },
        finishOf(reply),
        DEEPSEEK_USAGE,
      ),
    ),
};

const MOONSHOT_USAGE = {
  ...BASE_USAGE,
  cached_tokens: COUNTS.cached,
  completion_tokens_details: { reasoning_tokens: COUNTS.reasoning },
};

/** Usage inside the choice, and a temperature that nobody may set. */
export const moonshot: Shape = {
  fields: { dialect: "moonshot", model: "kimi-k2.6", temperature: 0.7 },
  refuses: (body) =>
    "temperature" in body ? "invalid temperature: only 1 is allowed for this model" : undefined,
  answer: (reply) => {
    const last = {
      ...FRAME,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: {}, finish_reason: finishOf(reply), usage: MOONSHOT_USAGE }],
    };
    const message = { content: reply.text ?? "", reasoning_content: reply.reasoning };
    return either(
      [
        chunk({ role: "assistant", content: "" }),
        ...thoughts(reply, "reasoning_content"),
        ...words(reply),
        ...cutCalls(reply, {}),
        last,
      ],
      whole({ ...message, ...wholeCalls(reply) }, finishOf(reply), MOONSHOT_USAGE),
    );
  },
};

/** The reasoning twice: as text, and in details that must come back unchanged. */
export const openrouter: Shape = {
  fields: { dialect: "openrouter", model: "anthropic/claude" },
  answer: (reply) => {
    const detail = (text: string) => ({
      type: "reasoning.text",
      text,
      index: 0,
      format: "anthropic-claude-v1",
    });
    const thinking = pieces(reply.reasoning).map((piece) =>
      chunk({
        role: "assistant",
        content: "",
        reasoning: piece,
        reasoning_details: [detail(piece)],
      }),
    );
    const signed = { ...detail(""), signature: "signed" };
    const usage = { ...OPENAI_USAGE, cost: 0.001 };
    const message = {
      content: reply.text ?? "",
      reasoning: reply.reasoning,
      reasoning_details: [{ ...detail(reply.reasoning ?? ""), signature: "signed" }],
    };
    return either(
      [
        "OPENROUTER PROCESSING",
        ...thinking,
        chunk({ role: "assistant", content: "", reasoning_details: [signed] }),
        ...words(reply),
        ...cutCalls(reply, {}),
        chunk({ content: "" }, {}, finishOf(reply)),
        usageOnly(usage),
      ],
      whole({ ...message, ...wholeCalls(reply) }, finishOf(reply), usage),
    );
  },
};
