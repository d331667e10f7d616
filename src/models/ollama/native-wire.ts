import type { ChatWire } from "../network/chat-wire.ts";
import { asWireObject, type WireObject } from "../wire.ts";
import { NativeAnswer } from "./native-answer.ts";
import { nativeRequest } from "./native-request.ts";

/** Ollama's own /api/chat, with its lines of JSON. */
export const ollamaWire: ChatWire = {
  /** `/api/chat` of the server, whether the file's url names its root, its /api or its /v1. */
  address(url) {
    const native = new URL(url);
    native.pathname = url.pathname.replace(/(?:\/v1|\/api)?\/chat\/completions$/, "/api/chat");
    return native;
  },
  request: nativeRequest,
  reader() {
    const answer = new NativeAnswer();
    return {
      completion: (body) => answer.completion(body),
      events: (body) => events(body, answer),
    };
  },
};

async function* events(
  body: ReadableStream<Uint8Array>,
  answer: NativeAnswer,
): AsyncGenerator<string, void> {
  for await (const line of linesOf(body)) yield JSON.stringify(answer.chunk(line));
  yield "[DONE]";
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<WireObject> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const bytes of body) {
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
