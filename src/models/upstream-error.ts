import { inspect } from "node:util";
import { AppError, reasonOf, UpstreamError } from "../core/errors.ts";
import type { Model } from "./model.ts";

const MAX_MESSAGE_CHARACTERS = 500;
const MAX_RETRY_AFTER_MS = 60_000;
const RETRYABLE_STATUS = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529]);

/** Turns whatever a call threw into an UpstreamError; aborts and our own errors stay what they are. */
export function toUpstreamError(error: unknown, model: Model): Error {
  const own = findOwn(error);
  if (own) return own;
  if (!(error instanceof Error)) return failure(model, { what: String(error), retryable: false });
  if (isAbort(error)) return error;
  const status = "status" in error && typeof error.status === "number" ? error.status : undefined;
  if (status !== undefined) return answered(model, error, status);
  if (error.name === "TimeoutError" || /timed? ?out/i.test(error.message))
    return failure(model, { what: "did not answer in time", retryable: true, cause: error });
  if (error instanceof SyntaxError)
    return failure(model, { what: "sent JSON that cannot be read", retryable: true, cause: error });
  if ("error" in error && error.error !== undefined) return answered(model, error, undefined);
  const reason = systemReason(error);
  const what = `cannot be reached or broke off${reason === undefined ? "" : ` (${reason})`}`;
  return failure(model, { what, retryable: true, cause: error });
}

/** An answer that is not what the wire promises. */
export function malformedAnswer(model: Model, what: string): UpstreamError {
  return failure(model, { what, retryable: true });
}

/** An answer that is whole and yet not what was asked for: the same call would bring it again. */
export function unfitAnswer(model: Model, what: string): UpstreamError {
  return failure(model, { what, retryable: false });
}

/** Whether an error only says that the caller gave up. */
export function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(?:AbortError|APIUserAbortError|ModelAbortError)$/.test(error.name) ||
    error.constructor.name === "APIUserAbortError"
  );
}

function answered(model: Model, error: Error, status: number | undefined): UpstreamError {
  const code = providerCode(error);
  const said = redact(error.message.replace(/^\d{3} /, ""), model);
  const prefix = status === undefined ? "sent an error" : `answered ${status}`;
  const isRedirect = status !== undefined && status >= 300 && status < 400;
  const what = isRedirect
    ? `${prefix}, a redirect: write the final address into url`
    : `${prefix}: ${said}`;
  const retryable = isRetryable(model, { status, code });
  const failed = failure(model, { what, retryable, cause: error, status, code });
  const retryAfterMs = retryAfter(error);
  // LangChain's retry reads the wait from this property of the error.
  return retryAfterMs === undefined ? failed : Object.assign(failed, { retryAfterMs });
}

function isRetryable(
  { dialect }: Model,
  { status, code }: { status: number | undefined; code: string | undefined },
): boolean {
  const listed = (codes: readonly string[] | undefined): boolean =>
    code !== undefined &&
    (codes ?? []).some((known) => code === known || code.startsWith(`${known}.`));
  if (listed(dialect.finalCodes)) return false;
  if (listed(dialect.transientCodes)) return true;
  if (status === undefined) return false;
  return RETRYABLE_STATUS.has(status);
}

interface Failure {
  what: string;
  retryable: boolean;
  cause?: unknown;
  status?: number | undefined;
  code?: string | undefined;
}

function failure(model: Model, { what, retryable, cause, status, code }: Failure): UpstreamError {
  const details = {
    model: model.id,
    provider: model.dialect.name,
    ...(status === undefined ? {} : { provider_status: status }),
    ...(code === undefined ? {} : { provider_code: model.mask(code) }),
  };
  return new UpstreamError(`Model ${model.label} ${model.mask(what)}`, {
    retryable,
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

function providerCode(error: Error): string | undefined {
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && code !== "") return code;
  return typeof code === "number" ? String(code) : undefined;
}

/** Some gateways repeat the key in their refusal, others answer with a whole page. */
function redact(message: string, model: Model): string {
  const text = model.mask(message);
  if (/<(?:!doctype|html)/i.test(text)) return "an HTML page";
  return text.length > MAX_MESSAGE_CHARACTERS
    ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}...`
    : text;
}

function retryAfter(error: Error): number | undefined {
  const headers = "headers" in error ? error.headers : undefined;
  if (!(headers instanceof Headers)) return undefined;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0 && seconds * 1000 <= MAX_RETRY_AFTER_MS ? seconds * 1000 : undefined;
}

function systemReason(error: Error): string | undefined {
  let current: unknown = error;
  let reason: string | undefined;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    reason = "code" in current && typeof current.code === "string" ? current.code : reason;
    current = current.cause;
  }
  return reason;
}
