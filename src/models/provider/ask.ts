import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import { transportOf, type Transport } from "../transport.ts";
import { malformedAnswer, toUpstreamError } from "../upstream-error.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";

const DEFAULT_TIMEOUT_S = 120;

/** One request to a model's server, besides chat. */
export interface ProviderRequest {
  readonly url: string;
  /** Sent by POST; a request without one is a GET. */
  readonly body?: Body;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One connection for each configured model, gone with the registry it came from. */
const transports = new WeakMap<Model, Transport>();

/** Asks once and answers the JSON that came; any failure is an UpstreamError, an abort stays one. */
export async function askProvider(
  model: Model,
  { url, body, headers = {} }: ProviderRequest,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const timeout = AbortSignal.timeout((model.fields.timeout ?? DEFAULT_TIMEOUT_S) * 1000);
  try {
    const response = await transportFor(model)(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...headers },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return checked(model, response, await response.text());
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw toUpstreamError(error, model);
  }
}

function transportFor(model: Model): Transport {
  const known = transports.get(model);
  if (known !== undefined) return known;
  const transport = transportOf(model);
  transports.set(model, transport);
  return transport;
}

function checked(model: Model, response: Response, text: string): unknown {
  const answer = parse(text);
  const body = asWireObject(answer);
  if (!response.ok) throw refusal(response, body, text);
  if (answer === undefined) throw malformedAnswer(model, "sent an answer that is not JSON");
  if (asWireObject(body?.["error"]) !== undefined)
    throw refusal(undefined, body, "an error in place of an answer");
  return answer;
}

/** An error in the shape that `toUpstreamError` reads. */
function refusal(
  response: Response | undefined,
  body: WireObject | undefined,
  text: string,
): Error {
  const error = asWireObject(body?.["error"]);
  const code = error?.["code"] ?? error?.["type"];
  return Object.assign(new Error(said(error?.["message"]) ?? text), {
    error,
    code,
    ...(response === undefined ? {} : { status: response.status, headers: response.headers }),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
