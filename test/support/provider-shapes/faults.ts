import type { Answer } from "../fake-provider.ts";
import { chunk, isStreamed, type Json, sendJson } from "./shape.ts";

/** A refusal as a provider's own wire has it. */
export interface Refusal {
  readonly status: number;
  readonly body: Json;
}

/** How a provider says that it has too much to do, and that a prompt is too long. */
export interface Faults {
  readonly busy: Refusal;
  readonly overflow: Refusal;
  /** Undefined where the provider has no such refusal. */
  readonly content?: Refusal;
  readonly arrears?: Refusal;
  /** What stands in the place of a chunk when a stream fails. */
  readonly inStream: Json;
}

const openai = (status: number, code: string, message: string): Refusal => ({
  status,
  body: { error: { message, type: code, param: null, code } },
});
const dashscope = (status: number, code: string, message: string): Refusal => ({
  status,
  body: { error: { message, type: code, param: null, code }, request_id: "req-1" },
});
const zhipu = (status: number, code: string, message: string): Refusal => ({
  status,
  body: { error: { code, message } },
});
const moonshot = (status: number, type: string, message: string): Refusal => ({
  status,
  body: { error: { message, type } },
});
const openrouter = (status: number, message: string): Refusal => ({
  status,
  body: { error: { code: status, message, metadata: { provider_name: "x" } } },
});
/** vLLM and SGLang: the error is the body. */
const plain = (code: number, type: string, message: string): Refusal => ({
  status: code,
  body: { object: "error", message, type, param: null, code },
});

const failed = openai(500, "server_error", "the engine died").body;
const VLLM: Faults = {
  busy: plain(503, "ServiceUnavailableError", "The server is overloaded"),
  overflow: plain(400, "BadRequestError", "This model's maximum context length is 8192 tokens."),
  inStream: plain(500, "InternalServerError", "the engine died").body,
};

export const FAULTS: Readonly<Record<string, Faults>> = {
  openai: {
    busy: openai(429, "rate_limit_exceeded", "Rate limit reached"),
    overflow: openai(400, "context_length_exceeded", "too many tokens"),
    content: openai(400, "content_policy_violation", "rejected by our safety system"),
    arrears: openai(429, "insufficient_quota", "You exceeded your current quota"),
    inStream: failed,
  },
  "openai over responses": {
    busy: openai(429, "rate_limit_exceeded", "Rate limit reached"),
    overflow: openai(400, "context_length_exceeded", "too many tokens"),
    content: openai(400, "content_policy_violation", "rejected by our safety system"),
    arrears: openai(429, "insufficient_quota", "You exceeded your current quota"),
    inStream: {
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error", message: "the engine died" } },
    },
  },
  dashscope: {
    busy: dashscope(429, "insufficient_quota", "You exceeded your current quota"),
    overflow: dashscope(400, "invalid_parameter_error", "Range of input length should be [1, 9]"),
    content: dashscope(400, "data_inspection_failed", "Input data may contain inappropriate"),
    arrears: dashscope(400, "Arrearage", "Access denied, please make sure your account is paid"),
    inStream: dashscope(500, "internal_error", "the engine died").body,
  },
  zhipu: {
    busy: zhipu(429, "1302", "您当前使用该API的并发数过高"),
    overflow: zhipu(400, "1261", "Prompt 超长"),
    content: zhipu(400, "1301", "系统检测到输入或生成内容可能包含不安全或敏感内容"),
    arrears: zhipu(429, "1113", "您的账户已欠费"),
    inStream: zhipu(500, "500", "the engine died").body,
  },
  siliconflow: {
    busy: { status: 429, body: { code: 50_603, message: "TPM limit reached", data: null } },
    overflow: {
      status: 400,
      body: { code: 20_015, message: "exceeds the maximum length of tokens", data: null },
    },
    arrears: {
      status: 403,
      body: { code: 30_001, message: "Sorry, your account balance is insufficient", data: null },
    },
    inStream: { code: 50_505, message: "the engine died", data: null },
  },
  deepseek: {
    busy: openai(503, "server_overloaded", "Service is too busy"),
    overflow: openai(400, "invalid_request_error", "maximum context length is 131072 tokens"),
    content: openai(400, "content_filter", "Content Exists Risk"),
    arrears: openai(402, "insufficient_balance", "Insufficient Balance"),
    inStream: failed,
  },
  moonshot: {
    busy: moonshot(429, "engine_overloaded_error", "The engine is currently overloaded"),
    overflow: moonshot(400, "invalid_request_error", "Your request exceeded model token limit"),
    content: moonshot(400, "content_filter", "The request was rejected"),
    arrears: moonshot(429, "exceeded_current_quota_error", "You exceeded your current quota"),
    inStream: moonshot(500, "server_error", "the engine died").body,
  },
  openrouter: {
    busy: openrouter(429, "Rate limited upstream"),
    overflow: openrouter(400, "This endpoint's maximum context length is 8192 tokens"),
    content: openrouter(403, "Input was flagged"),
    arrears: openrouter(402, "Insufficient credits"),
    // The status has gone out as 200 by then.
    inStream: openrouter(502, "the engine died").body,
  },
  vllm: VLLM,
  "vllm without a parser": VLLM,
  sglang: {
    ...VLLM,
    overflow: plain(400, "BadRequestError", "The input is longer than the model's context length"),
  },
  ollama: {
    busy: { status: 503, body: { error: { message: "server busy", type: "api_error" } } },
    overflow: {
      status: 400,
      body: { error: { message: "prompt exceeds the context length", type: "api_error" } },
    },
    inStream: { error: { message: "the engine died", type: "api_error" } },
  },
  ollama_native: {
    busy: { status: 503, body: { error: "server busy, please try again" } },
    overflow: { status: 400, body: { error: "the input length exceeds the context length" } },
    inStream: { error: "the engine died" },
  },
  lmstudio: {
    busy: { status: 503, body: { error: "Model is loading" } },
    overflow: {
      status: 400,
      body: { error: "the prompt does not fit the context length of only 4096 tokens" },
    },
    inStream: { error: { message: "the engine died" } },
  },
  llamacpp: {
    busy: {
      status: 503,
      body: { error: { code: 503, message: "Loading model", type: "unavailable_error" } },
    },
    overflow: {
      status: 400,
      body: {
        error: {
          code: 400,
          message: "the request exceeds the available context size",
          type: "exceed_context_size_error",
        },
      },
    },
    inStream: { error: { code: 500, message: "the engine died", type: "server_error" } },
  },
};

export const refusing =
  ({ status, body }: Refusal): Answer =>
  (response) =>
    sendJson(response, body, status);

/** Enough that something was said, in every shape. */
const CUT_AFTER = 30;

/** The connection breaks in the middle of a stream. */
export function broken(answer: Answer): Answer {
  return (response, request) => {
    let writes = 0;
    const write = response.write.bind(response);
    const cut = {
      write: (text: string): boolean => writes++ >= CUT_AFTER || write(text),
      end: () => setImmediate(() => response.destroy()),
    };
    answer(isStreamed(request) ? Object.assign(response, cut) : response, request);
  };
}

/** A stream that begins well and then says that it failed. */
export function failing(name: string, { inStream }: Faults): Answer {
  const isNative = name === "ollama_native";
  const said = { role: "assistant", content: "half" };
  const isResponses = name === "openai over responses";
  const other = isResponses ? { type: "response.output_text.delta", delta: "half" } : chunk(said);
  const first = isNative ? { model: "fake-1", message: said, done: false } : other;
  const events = [first, inStream].map((each) => JSON.stringify(each));
  const text = events.map((each) => (isNative ? `${each}\n` : `data: ${each}\n\n`)).join("");
  const type = isNative ? "application/x-ndjson" : "text/event-stream";
  return (response) => void response.writeHead(200, { "content-type": type }).end(text);
}
