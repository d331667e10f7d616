import type { Model } from "../model.ts";
import type { Transport } from "../transport.ts";
import { asWireObject, type WireObject } from "../wire.ts";
import { NativeAnswer } from "./native-answer.ts";
import { nativeRequest } from "./native-request.ts";

const CHAT_PATH = "/chat/completions";

/** A fetch that speaks Chat Completions to us and /api/chat, with its lines of JSON, to Ollama. */
export function ollamaNative(send: Transport, model: Model): Transport {
  return async (input, init = {}) => {
    if (!isChat(input)) return await send(input, init);
    const body = asWireObject(JSON.parse(typeof init.body === "string" ? init.body : "{}")) ?? {};
    const request = JSON.stringify(nativeRequest(body, model));
    const response = await send(nativeUrl(input), { ...init, body: request });
    if (!response.ok) return response;
    if (body["stream"] === true) return streamed(response);
    const answer = asWireObject(await response.json()) ?? {};
    return Response.json(new NativeAnswer().completion(answer));
  };
}

/** Only chat has a wire of its own. */
const isChat = (input: string | URL | Request): boolean =>
  new URL(input instanceof Request ? input.url : input).pathname.endsWith(CHAT_PATH);

/** `/api/chat` of the server, whether the file's url names its root, its /api or its /v1. */
export function nativeUrl(input: string | URL | Request): URL {
  const url = new URL(input instanceof Request ? input.url : input);
  url.pathname = url.pathname.replace(/(?:\/v1|\/api)?\/chat\/completions$/, "/api/chat");
  return url;
}

function streamed(response: Response): Response {
  const events = eventsOf(response);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await events.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(`data: ${next.value}\n\n`));
    },
    async cancel() {
      await events.return(undefined);
    },
  });
  const { status } = response;
  return new Response(body, { status, headers: { "content-type": "text/event-stream" } });
}

async function* eventsOf(response: Response): AsyncGenerator<string, void> {
  const answer = new NativeAnswer();
  for await (const line of linesOf(response)) yield JSON.stringify(answer.chunk(line));
  yield "[DONE]";
}

async function* linesOf(response: Response): AsyncGenerator<WireObject> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const bytes of response.body ?? []) {
    const lines = decoder.decode(bytes, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      parts.push(line);
      yield* parsed(parts.splice(0).join(""));
    }
    parts.push(last);
  }
  yield* parsed(parts.join(""));
}

function* parsed(line: string): Generator<WireObject> {
  if (line.trim() === "") return;
  const object = asWireObject(JSON.parse(line));
  if (object !== undefined) yield object;
}
