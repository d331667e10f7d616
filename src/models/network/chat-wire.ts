import type { Model } from "../model.ts";
import type { Transport } from "../transport.ts";
import { asWireObject, type WireObject } from "../wire.ts";
import { parseQuietly } from "../failures/refusal.ts";

const CHAT_PATH = "/chat/completions";

/** A wire other than Chat Completions that a provider speaks, as what it differs in. */
export interface ChatWire {
  /** Where chat is, from its address on Chat Completions. */
  address(url: URL): URL;
  /** The request for one of Chat Completions. */
  request(body: WireObject, model: Model): WireObject;
  /** What reads one answer. */
  reader(model: Model): ChatWireReader;
}

export interface ChatWireReader {
  /** A whole answer as a chat completion. */
  completion(body: WireObject): WireObject;
  /** A stream as the data of events of Chat Completions; an empty text where nothing is to be told yet. */
  events(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void>;
}

/** A fetch that speaks Chat Completions to us and another wire to the provider. */
export function overWire(wire: ChatWire, send: Transport, model: Model): Transport {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!url.pathname.endsWith(CHAT_PATH)) return await send(input, init);
    const body = asWireObject(JSON.parse(typeof init.body === "string" ? init.body : "{}")) ?? {};
    const request = JSON.stringify(wire.request(body, model));
    const response = await send(wire.address(url), { ...init, body: request });
    if (!response.ok || response.body === null) return response;
    const reader = wire.reader(model);
    if (body["stream"] !== true) return await whole(response, reader);
    // A server that answers a wish for a stream otherwise is told by the type of its answer.
    const isOther = /\b(?:html|json)\b/i.test(response.headers.get("content-type") ?? "");
    return isOther ? response : streamed(response, reader.events(response.body));
  };
}

/** What is no JSON object is left as it is, to be refused with its words. */
async function whole(response: Response, reader: ChatWireReader): Promise<Response> {
  const text = await response.text();
  const { status, headers } = response;
  const body = parseQuietly(text);
  if (body === undefined) return new Response(text, { status, headers });
  return Response.json(reader.completion(body), { headers: requestIds(headers) });
}

function streamed({ status, headers }: Response, events: AsyncGenerator<string, void>): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await events.next();
      if (next.done === true) controller.close();
      // A comment says that the provider is at work.
      else
        controller.enqueue(encoder.encode(next.value === "" ? ":\n\n" : `data: ${next.value}\n\n`));
    },
    async cancel() {
      await events.return(undefined);
    },
  });
  return new Response(body, {
    status,
    headers: { ...requestIds(headers), "content-type": "text/event-stream" },
  });
}

/** What describes the body on the way is true no more. */
const requestIds = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => !/^(?:content|transfer)-/.test(name)));
