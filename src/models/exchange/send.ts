import type { Body } from "../dialects/index.ts";
import { malformedAnswer, refusedBy } from "../failures/upstream-error.ts";
import { parseQuietly, requestIdOf } from "../failures/refusal.ts";
import type { Model } from "../model.ts";
import { baseUrlOf, type Transport } from "../transport.ts";
import { asWireObject, type WireObject } from "../wire.ts";
import type { AttemptClock } from "./clock.ts";
import { readEvents, type ServerEvent } from "./event-stream.ts";

/** One request of one attempt. */
export interface Exchange {
  readonly model: Model;
  readonly send: Transport;
  readonly body: Body;
  readonly clock: AttemptClock;
}

/** The answer of a provider that was asked for a whole one. */
export async function exchangeWhole(exchange: Exchange): Promise<WireObject> {
  const { model, clock } = exchange;
  const response = await post(exchange);
  const text = await readText(response, clock);
  const requestId = requestIdOf(response.headers);
  const body = parseQuietly(text);
  if (body === undefined)
    throw malformedAnswer(model, `sent an answer that is not JSON${pageOf(text)}`, { requestId });
  requireNoError(exchange, { body, headers: response.headers });
  return body;
}

/** A chunk of a stream, and the JSON text it came as. */
export interface WireEvent {
  readonly chunk: WireObject;
  readonly text?: string;
}

/** The chunks of a stream, as many at once as have come. */
export async function* exchangeStream(exchange: Exchange): AsyncGenerator<WireEvent[]> {
  const { model, clock } = exchange;
  const response = await post(exchange);
  const type = response.headers.get("content-type") ?? "";
  const requestId = requestIdOf(response.headers);
  if (/json|html/i.test(type) && !type.includes("ndjson")) {
    const body = parseQuietly(await readText(response, clock));
    if (body !== undefined) requireNoError(exchange, { body, headers: response.headers });
    throw malformedAnswer(model, `answered a stream request with ${type}`, { requestId });
  }
  if (response.body === null) return;
  for await (const events of readEvents(response.body, clock)) {
    const chunks: WireEvent[] = [];
    let failed: unknown;
    try {
      for (const event of events) chunks.push(chunkOf(event, exchange, response.headers));
    } catch (error) {
      failed = error;
    }
    // What came before a failure counts, whether or not it was read together with it.
    if (chunks.length > 0) yield chunks;
    if (failed !== undefined) throw failed;
  }
}

function chunkOf({ name, data }: ServerEvent, exchange: Exchange, headers: Headers): WireEvent {
  const { model } = exchange;
  const chunk = parseQuietly(data);
  if (chunk === undefined) {
    const requestId = requestIdOf(headers);
    throw malformedAnswer(model, "sent an event that is not JSON", { requestId });
  }
  if (name === "error" && asWireObject(chunk["error"]) === undefined)
    throw refusedBy(model, { headers, text: data });
  requireNoError(exchange, { body: chunk, headers });
  return { chunk, text: data };
}

async function post({ model, send, body, clock }: Exchange): Promise<Response> {
  const response = await send(`${baseUrlOf(model)}/chat/completions`, {
    method: "POST",
    headers: {
      accept: body["stream"] === true ? "text/event-stream" : "application/json",
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
    signal: clock.signal,
  });
  if (response.ok) return response;
  const text = await readText(response, clock);
  throw refusedBy(model, { status: response.status, headers: response.headers, text });
}

async function readText(response: Response, clock: AttemptClock): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    clock.heard();
    text += decoder.decode(read.value, { stream: true });
    clock.listen();
  }
  return text + decoder.decode();
}

/** Some providers answer 200 and then say in the body that it is none. */
function requireNoError(
  { model }: Exchange,
  { body, headers }: { body: WireObject; headers: Headers },
): void {
  const { error, object } = body;
  const isError = (error !== undefined && error !== null) || object === "error";
  const isBare = !("choices" in body) && "message" in body && "code" in body;
  if (isError || isBare) throw refusedBy(model, { headers, text: JSON.stringify(body) });
}

const pageOf = (text: string): string =>
  /<(?:!doctype|html)/i.test(text.slice(0, 1000)) ? " but an HTML page" : "";
