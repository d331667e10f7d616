import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import { transportOf, type Transport } from "../transport.ts";
import {
  malformedAnswer,
  refusedBy,
  tooSlow,
  toUpstreamError,
} from "../failures/upstream-error.ts";
import { asWireObject, said } from "../wire.ts";

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
  const seconds = model.fields.timeout ?? DEFAULT_TIMEOUT_S;
  const timeout = AbortSignal.timeout(seconds * 1000);
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
    if (timeout.aborted) throw tooSlow(model, `did not answer within ${seconds} s`, true);
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

function checked(model: Model, { ok, status, headers }: Response, text: string): unknown {
  if (!ok) throw refusedBy(model, { status, headers, text });
  const answer = parse(text);
  if (answer === undefined) throw malformedAnswer(model, "sent an answer that is not JSON");
  const body = asWireObject(answer);
  // A task that failed tells its error, and is no failure of whoever looks at it.
  const isTask = said(body?.["task_status"]) !== undefined;
  if (!isTask && asWireObject(body?.["error"]) !== undefined)
    throw refusedBy(model, { headers, text });
  return answer;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
