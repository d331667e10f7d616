import { inspect } from "node:util";
import { AppError, reasonOf, UpstreamError, type UpstreamKind } from "../../core/errors.ts";
import type { Model } from "../model.ts";
import { classify } from "./classify.ts";
import { readRefusal } from "./refusal.ts";

const MAX_MESSAGE_CHARACTERS = 500;

/** An answer that began well and then said that it failed, or a refusal with its status. */
export interface Answered {
  readonly status?: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The error for a refusal, or for an error object in the place of an answer. */
export function refusedBy(model: Model, { status, headers, text }: Answered): UpstreamError {
  const { codes, message, requestId } = readRefusal(text, headers);
  const isRedirect = status !== undefined && status >= 300 && status < 400;
  const said = isRedirect
    ? ", a redirect: write the final address into url"
    : `: ${redact(message, model)}`;
  return failure(model, {
    what: `${status === undefined ? "sent an error" : `answered ${status}`}${said}`,
    ...classify(model.dialect, { status, codes, message }),
    status,
    code: codes[0],
    requestId,
    retryAfterMs: retryAfter(headers),
  });
}

/** An answer that is not what the wire promises. */
export function malformedAnswer(
  model: Model,
  what: string,
  told: Partial<Pick<Failure, "kind" | "retryable" | "requestId">> = {},
): UpstreamError {
  return failure(model, { kind: "server", retryable: true, what, ...told });
}

/** An answer that is whole and yet not what was asked for: the same call would bring it again. */
export const unfitAnswer = (model: Model, what: string): UpstreamError =>
  failure(model, { kind: "server", retryable: false, what });

/** The error for a task that the provider took and could not do. */
export function failedTask(
  model: Model,
  { what, reason, code }: { what: string; reason: string; code: string | undefined },
): UpstreamError {
  const codes = code === undefined ? [] : [code];
  const refusal = { status: undefined, codes, message: reason };
  return failure(model, { ...classify(model.dialect, refusal), what: redact(what, model), code });
}

/** The error for a limit of time that ran out; a call whose whole time is over is not tried again. */
export const tooSlow = (model: Model, what: string, retryable: boolean): UpstreamError =>
  failure(model, { kind: "timeout", retryable, what });

/** Turns whatever a call threw into an UpstreamError; aborts and our own errors stay what they are. */
export function toUpstreamError(error: unknown, model: Model): Error {
  const own = findOwn(error);
  if (own) return own;
  if (error instanceof Error && isAbort(error)) return error;
  const reason = systemReason(error);
  return failure(model, {
    kind: "server",
    retryable: true,
    what: `cannot be reached or broke off${reason === undefined ? "" : ` (${reason})`}`,
    cause: error,
  });
}

/** Whether an error only says that the caller gave up. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && /^(?:AbortError|ModelAbortError)$/.test(error.name);
}

interface Failure {
  readonly what: string;
  readonly kind: UpstreamKind;
  readonly retryable: boolean;
  readonly cause?: unknown;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

function failure(model: Model, told: Failure): UpstreamError {
  const { what, kind, retryable, retryAfterMs, cause, status, code, requestId } = told;
  const details = {
    model: model.id,
    provider: model.dialect.name,
    ...(status === undefined ? {} : { provider_status: status }),
    ...(code === undefined ? {} : { provider_code: model.mask(code) }),
    ...(requestId === undefined ? {} : { request_id: model.mask(requestId) }),
  };
  return new UpstreamError(`Model ${model.label} ${model.mask(what)}`, {
    kind,
    retryable,
    retryAfterMs,
    details,
    ...(cause === undefined ? {} : { cause: harmless(cause, model) }),
  });
}

/** A cause that holds no key: logs and traces write down all of it. */
function harmless(cause: unknown, model: Model): unknown {
  const text = inspect(cause, { depth: 8, showHidden: true });
  if (model.mask(text) === text) return cause;
  return new Error(model.mask(reasonOf(cause)));
}

function findOwn(error: unknown): AppError | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current instanceof AppError) return current;
    current = current.cause;
  }
  return undefined;
}

/** Some gateways repeat the key in their refusal, others answer with a whole page. */
function redact(message: string, model: Model): string {
  const text = model.mask(message);
  if (/<(?:!doctype|html)/i.test(text)) return "an HTML page";
  return text.length > MAX_MESSAGE_CHARACTERS
    ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}...`
    : text;
}

/** Milliseconds that a provider asks to wait, in any of the three ways to say it. */
function retryAfter(headers: Headers): number | undefined {
  const inMs = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (inMs >= 0) return inMs;
  const given = headers.get("retry-after");
  if (given === null) return undefined;
  const seconds = Number(given);
  if (seconds >= 0) return seconds * 1000;
  const until = Date.parse(given) - Date.parse(headers.get("date") ?? "");
  return until >= 0 ? until : undefined;
}

function systemReason(error: unknown): string | undefined {
  let current: unknown = error;
  let reason: string | undefined;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    reason = "code" in current && typeof current.code === "string" ? current.code : reason;
    current = current.cause;
  }
  return reason;
}
