import { AppError, type ErrorCode, STATUS_OF } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

/** OpenAI's type of an error by its status. */
const TYPE_OF: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

/** OpenAI's own codes where it has one that clients look for. */
const CODE_OF: Partial<Record<ErrorCode, string>> = {
  unauthorized: "invalid_api_key",
  limit: "rate_limit_exceeded",
};

/** What of a provider's failure is the client's affair: to wait, or to ask for something else. */
const STATUS_OF_KIND: Readonly<Record<string, number>> = {
  rate_limit: 429,
  request: 400,
  overflow: 400,
  content: 400,
};

interface Told {
  status: number;
  headers: Record<string, string>;
  body: { error: { message: string; type: string; param: string | null; code: string } };
}

/** The one place where an error becomes an answer in OpenAI's shape. */
export function openAiError(error: unknown, log: Log): Response {
  const { status, headers, body } = tell(error, log);
  return Response.json(body, { status, headers });
}

/** An error in the middle of a stream. */
export const openAiErrorBody = (error: unknown, log: Log): Told["body"] => tell(error, log).body;

function tell(error: unknown, log: Log): Told {
  if (!(error instanceof AppError)) {
    log.error({ err: error }, "a request failed");
    return told(500, { message: "Internal server error", code: "internal" });
  }
  const status = statusOf(error);
  if (status >= 500) log.error({ err: error }, error.message);
  const { unknown_model: model, retry_after_seconds: retryAfter } = error.details;
  return told(
    status,
    {
      message: error.message,
      code: model === undefined ? (CODE_OF[error.code] ?? error.code) : "model_not_found",
      param: model === undefined ? paramOf(error) : "model",
    },
    typeof retryAfter === "number" ? { "retry-after": String(retryAfter) } : {},
  );
}

/** OpenAI knows no 422. */
function statusOf({ code, details }: AppError): number {
  if (details["unknown_model"] !== undefined) return 404;
  if (code === "validation") return 400;
  const { kind } = details;
  const told = code === "upstream" && typeof kind === "string" ? STATUS_OF_KIND[kind] : undefined;
  return told ?? STATUS_OF[code];
}

function paramOf({ details }: AppError): string | null {
  const [first]: unknown[] = Array.isArray(details["errors"]) ? details["errors"] : [];
  const loc: unknown =
    typeof first === "object" && first !== null && "loc" in first ? first.loc : undefined;
  const name: unknown = Array.isArray(loc) ? loc[1] : undefined;
  return typeof name === "string" ? name : null;
}

function told(
  status: number,
  { message, code, param = null }: { message: string; code: string; param?: string | null },
  headers: Record<string, string> = {},
): Told {
  const type = TYPE_OF[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  return { status, headers, body: { error: { message, type, param, code } } };
}
