import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { jsonSchema, type LanguageModel, streamText, tool } from "ai";
import OpenAI from "openai";
import type { Loose } from "../../support/calls.ts";

/** What a test asks by whichever client. */
export interface Asked {
  url: string;
  model: string;
  image?: string;
  /** With a tool of the client's own, `add`. */
  hasTool?: boolean;
  signal?: AbortSignal;
  /** Called at the first word of the answer. */
  onText?: () => void;
}

/** What a client made of the answer. */
export interface Told {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: unknown }[];
  tokens: { input: number | undefined; output: number | undefined };
}

export type AskBy = (asked: Asked) => Promise<Told>;

const PROMPT = "What is it?";
const ADD = {
  name: "add",
  description: "Adds",
  parameters: {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
} as const;

const clientOf = ({ url }: Asked): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 });
const optionsOf = ({ signal }: Asked) => (signal ? { signal } : {});

const callOf = (name: string, text: string) => ({ name, arguments: JSON.parse(text) as unknown });

function chatBody({ model, image, hasTool }: Asked) {
  const content: OpenAI.ChatCompletionContentPart[] = [{ type: "text", text: PROMPT }];
  if (image !== undefined) content.push({ type: "image_url", image_url: { url: image } });
  return {
    model,
    messages: [{ role: "user" as const, content }],
    ...(hasTool ? { tools: [{ type: "function" as const, function: ADD }] } : {}),
  };
}

const toldOf = ({ choices: [choice], usage }: OpenAI.ChatCompletion, reasoning: string): Told => ({
  text: choice?.message.content ?? "",
  reasoning,
  calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
    call.type === "function" ? [callOf(call.function.name, call.function.arguments)] : [],
  ),
  tokens: { input: usage?.prompt_tokens, output: usage?.completion_tokens },
});

const wholeChat: AskBy = async (asked) => {
  const answer = await clientOf(asked).chat.completions.create(chatBody(asked), optionsOf(asked));
  const message: Loose = answer.choices[0]?.message;
  return toldOf(answer, message.reasoning_content ?? "");
};

const rawChat: AskBy = async (asked) => {
  const told: Told = {
    text: "",
    reasoning: "",
    calls: [],
    tokens: { input: undefined, output: undefined },
  };
  const parts: { name: string; arguments: string }[] = [];
  const chunks = await clientOf(asked).chat.completions.create(
    { ...chatBody(asked), stream: true, stream_options: { include_usage: true } },
    optionsOf(asked),
  );
  for await (const { choices, usage } of chunks) {
    const delta: Loose = choices[0]?.delta ?? {};
    told.text += delta.content ?? "";
    told.reasoning += delta.reasoning_content ?? "";
    for (const call of delta.tool_calls ?? []) {
      const part = (parts[call.index] ??= { name: call.function.name, arguments: "" });
      part.arguments += call.function.arguments;
    }
    if (usage) told.tokens = { input: usage.prompt_tokens, output: usage.completion_tokens };
    if (told.text !== "") asked.onText?.();
  }
  // The package ends a stream that was left as if it were whole.
  asked.signal?.throwIfAborted();
  return { ...told, calls: parts.map(({ name, arguments: text }) => callOf(name, text)) };
};

const chatHelper: AskBy = async (asked) => {
  let reasoning = "";
  const runner = clientOf(asked).chat.completions.stream(
    { ...chatBody(asked), stream_options: { include_usage: true } },
    optionsOf(asked),
  );
  runner.on("chunk", ({ choices }) => {
    reasoning += (choices[0]?.delta as Loose)?.reasoning_content ?? "";
  });
  runner.on("content", () => asked.onText?.());
  return toldOf(await runner.finalChatCompletion(), reasoning);
};

function responseBody({ model, image, hasTool }: Asked) {
  const content: OpenAI.Responses.ResponseInputContent[] = [{ type: "input_text", text: PROMPT }];
  if (image !== undefined) content.push({ type: "input_image", image_url: image, detail: "auto" });
  return {
    model,
    input: [{ role: "user" as const, content }],
    ...(hasTool ? { tools: [{ type: "function" as const, strict: true, ...ADD }] } : {}),
  };
}

function toldOfResponse({ output, output_text, usage, error }: OpenAI.Responses.Response): Told {
  if (error) throw new Error(error.message);
  return {
    text: output_text,
    reasoning: output
      .flatMap((item) => (item.type === "reasoning" ? item.summary : []))
      .map(({ text }) => text)
      .join(""),
    calls: output.flatMap((item) =>
      item.type === "function_call" ? [callOf(item.name, item.arguments)] : [],
    ),
    tokens: { input: usage?.input_tokens, output: usage?.output_tokens },
  };
}

const wholeResponse: AskBy = async (asked) =>
  toldOfResponse(await clientOf(asked).responses.create(responseBody(asked), optionsOf(asked)));

const rawResponse: AskBy = async (asked) => {
  const events = await clientOf(asked).responses.create(
    { ...responseBody(asked), stream: true },
    optionsOf(asked),
  );
  let [text, reasoning] = ["", ""];
  let last: OpenAI.Responses.Response | undefined;
  for await (const event of events) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.reasoning_summary_text.delta") reasoning += event.delta;
    if (event.type === "response.completed" || event.type === "response.failed")
      last = event.response;
    if (text !== "") asked.onText?.();
  }
  asked.signal?.throwIfAborted();
  if (!last) throw new Error("the response has no end");
  // The package adds this to whole answers only.
  const told = toldOfResponse({ ...last, output_text: text });
  return { ...told, reasoning };
};

const responseHelper: AskBy = async (asked) => {
  const runner = clientOf(asked).responses.stream(responseBody(asked), optionsOf(asked));
  runner.on("response.output_text.delta", () => asked.onText?.());
  return toldOfResponse(await runner.finalResponse());
};

const aiSdk =
  (modelOf: (asked: Asked) => LanguageModel): AskBy =>
  async (asked) => {
    const { image, hasTool, signal } = asked;
    let failure: unknown;
    const result = streamText({
      model: modelOf(asked),
      maxRetries: 0,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: PROMPT },
            ...(image === undefined
              ? []
              : [{ type: "file" as const, data: new URL(image), mediaType: "image/png" }]),
          ],
        },
      ],
      ...(hasTool
        ? {
            tools: {
              add: tool({ description: "Adds", inputSchema: jsonSchema(ADD.parameters as Loose) }),
            },
          }
        : {}),
      ...(signal ? { abortSignal: signal } : {}),
      onError: ({ error }) => void (failure = error),
    });
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") asked.onText?.();
      if (part.type === "abort") throw new Error("aborted");
    }
    if (failure !== undefined) throw failure;
    const usage = await result.usage;
    return {
      text: await result.text,
      reasoning: (await result.reasoningText) ?? "",
      calls: (await result.toolCalls).map(({ toolName, input }) => ({
        name: toolName,
        arguments: input as unknown,
      })),
      tokens: { input: usage.inputTokens, output: usage.outputTokens },
    };
  };

const langChain =
  (fields: ChatOpenAIFields): AskBy =>
  async (asked) => {
    const { url, model, image, hasTool, signal } = asked;
    const plain = new ChatOpenAI({
      model,
      apiKey: "unused",
      maxRetries: 0,
      streamUsage: true,
      configuration: { baseURL: `${url}/v1` },
      ...fields,
    });
    const chat = hasTool ? plain.bindTools([{ type: "function", function: ADD }]) : plain;
    const content = [
      { type: "text", text: PROMPT },
      ...(image === undefined ? [] : [{ type: "image_url", image_url: { url: image } }]),
    ];
    const chunks = await chat.stream([new HumanMessage({ content })], signal ? { signal } : {});
    let whole: Loose;
    for await (const chunk of chunks) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
      if (chunk.text !== "") asked.onText?.();
    }
    const { reasoning_content: plainText, reasoning } = whole.additional_kwargs;
    return {
      text: whole.text,
      reasoning: plainText ?? (reasoning?.summary ?? []).map((part: Loose) => part.text).join(""),
      calls: (whole.tool_calls ?? []).map(({ name, args }: Loose) => ({ name, arguments: args })),
      tokens: {
        input: whole.usage_metadata?.input_tokens,
        output: whole.usage_metadata?.output_tokens,
      },
    };
  };

/** All clients that must work, by the API they speak. */
export const CLIENTS: Readonly<Record<"chat completions" | "responses", Record<string, AskBy>>> = {
  "chat completions": {
    "openai, whole": wholeChat,
    "openai, raw stream": rawChat,
    "openai .stream()": chatHelper,
    "AI SDK openai-compatible": aiSdk(({ url, model }) =>
      createOpenAICompatible({ name: "k", baseURL: `${url}/v1`, includeUsage: true }).chatModel(
        model,
      ),
    ),
    "AI SDK openai .chat()": aiSdk(({ url, model }) =>
      createOpenAI({ baseURL: `${url}/v1`, apiKey: "unused" }).chat(model),
    ),
    ChatOpenAI: langChain({}),
  },
  responses: {
    "openai, whole": wholeResponse,
    "openai, raw stream": rawResponse,
    "openai .stream()": responseHelper,
    "AI SDK openai": aiSdk(({ url, model }) =>
      createOpenAI({ baseURL: `${url}/v1`, apiKey: "unused" }).responses(model),
    ),
    ChatOpenAI: langChain({ useResponsesApi: true }),
  },
};
