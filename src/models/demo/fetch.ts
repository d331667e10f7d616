import { setTimeout as wait } from "node:timers/promises";
import { newId } from "../../core/ids.ts";
import { estimateText } from "../estimate.ts";
import { demoOther, demoRefusal } from "./other.ts";
import { demoReply, type DemoReply } from "./reply.ts";
import { readDemoRequest, type DemoRequest } from "./request.ts";

const CJK_PIECE = 2;
const WORD = /\s*\S+|\s+$/g;

interface Outcome {
  readonly request: DemoRequest;
  readonly reply: DemoReply;
  readonly finishReason: "stop" | "tool_calls" | "length";
  readonly usage: Record<string, unknown>;
}

/** Answers requests of all kinds inside the process, over the providers' wires, with no network. */
export async function demoFetch(
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  init.signal?.throwIfAborted();
  const other = demoOther(new URL(input instanceof Request ? input.url : input), init.body);
  return other ?? (await demoChat(init));
}

async function demoChat(init: RequestInit): Promise<Response> {
  const request = parseRequest(init.body);
  if (request instanceof Response) return request;
  const outcome = answer(request);
  if (request.isStreamed) return streamed(outcome, init.signal ?? undefined);
  if (request.delayMs > 0)
    await wait(request.delayMs, undefined, { signal: init.signal ?? undefined });
  return Response.json(completion(outcome));
}

function parseRequest(body: unknown): DemoRequest | Response {
  try {
    return readDemoRequest(JSON.parse(typeof body === "string" ? body : ""));
  } catch (error) {
    return demoRefusal(error);
  }
}

function answer(request: DemoRequest): Outcome {
  const whole = demoReply(request);
  const { maxTokens } = request;
  const isCut = maxTokens !== undefined && estimateText(whole.content) > maxTokens;
  const reply = isCut ? { ...whole, content: cut(whole.content, maxTokens) } : whole;
  const finishReason = isCut ? "length" : reply.toolCalls.length > 0 ? "tool_calls" : "stop";
  return { request, reply, finishReason, usage: usageOf(request, reply) };
}

function cut(text: string, maxTokens: number): string {
  let kept = "";
  for (const piece of pieces(text)) {
    if (estimateText(kept + piece) > maxTokens) break;
    kept += piece;
  }
  return kept;
}

function usageOf({ messages }: DemoRequest, reply: DemoReply): Record<string, unknown> {
  const prompt = messages.reduce((sum, { text }) => sum + 4 + estimateText(text), 0);
  const thought = estimateText(reply.reasoning);
  const calls = reply.toolCalls.length > 0 ? estimateText(JSON.stringify(reply.toolCalls)) : 0;
  const completionTokens = estimateText(reply.content) + thought + calls;
  return {
    prompt_tokens: prompt,
    completion_tokens: completionTokens,
    total_tokens: prompt + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: thought },
  };
}

function completion({ request, reply, finishReason, usage }: Outcome): Record<string, unknown> {
  const message = {
    role: "assistant",
    content: reply.content,
    ...(reply.reasoning === "" ? {} : { reasoning_content: reply.reasoning }),
    ...(reply.toolCalls.length === 0 ? {} : { tool_calls: wireToolCalls(reply) }),
  };
  return {
    id: `chatcmpl-${newId()}`,
    object: "chat.completion",
    created: 0,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    usage,
  };
}

const wireToolCalls = ({ toolCalls }: DemoReply): Record<string, unknown>[] =>
  toolCalls.map(({ name, arguments: args }, index) => ({
    index,
    id: `call_${newId()}`,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));

function streamed(outcome: Outcome, signal: AbortSignal | undefined): Response {
  const encoder = new TextEncoder();
  const events = streamEvents(outcome);
  const { delayMs } = outcome.request;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (delayMs > 0) await wait(delayMs, undefined, { signal });
        signal?.throwIfAborted();
        const next = events.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(`data: ${next.value}\n\n`));
      } catch (error) {
        controller.error(error);
      }
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function* streamEvents({ request, reply, finishReason, usage }: Outcome): Generator<string> {
  const base = {
    id: `chatcmpl-${newId()}`,
    object: "chat.completion.chunk",
    created: 0,
    model: request.model,
  };
  const chunk = (delta: Record<string, unknown>, finish: string | null = null): string =>
    JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] });
  yield chunk({ role: "assistant", content: "" });
  for (const piece of pieces(reply.reasoning)) yield chunk({ reasoning_content: piece });
  for (const piece of pieces(reply.content)) yield chunk({ content: piece });
  for (const call of wireToolCalls(reply)) yield chunk({ tool_calls: [call] });
  yield chunk({}, finishReason);
  yield JSON.stringify({ ...base, choices: [], usage });
  yield "[DONE]";
}

/** Words, and pairs of characters where a script has no blanks. */
function* pieces(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD)) {
    if (!/\p{Script=Han}/u.test(word)) yield word;
    else {
      const characters = Array.from(word);
      for (let start = 0; start < characters.length; start += CJK_PIECE)
        yield characters.slice(start, start + CJK_PIECE).join("");
    }
  }
}
