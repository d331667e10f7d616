/** Every error code of the product and the HTTP status it is answered with. */
export const STATUS_OF = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  graph_unavailable: 422,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation: 422,
  upgrade_required: 426,
  limit: 429,
  insufficient_quota: 429,
  config: 500,
  internal: 500,
  not_supported: 501,
  upstream: 502,
  unavailable: 503,
  storage_damaged: 503,
  storage_full: 507,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof STATUS_OF;

export type ErrorDetails = Record<string, unknown>;

/** The one error class that crosses layers; `message` is safe to show to the client. */
export class AppError extends Error {
  override readonly name: string = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

const OUTAGES: ReadonlySet<ErrorCode> = new Set(["unavailable", "storage_damaged"]);

/** A database that cannot be reached, or takes nothing in, for now: no fault of what was asked of it. */
export const isOutage = (error: unknown): error is AppError =>
  error instanceof AppError && OUTAGES.has(error.code);

export class NotFoundError extends AppError {
  override readonly name = "NotFoundError";
  constructor(kind: string, id: string) {
    super("not_found", `${kind} ${JSON.stringify(id)} not found`);
  }
}

export class ConflictError extends AppError {
  override readonly name = "ConflictError";
  constructor(message: string, details?: ErrorDetails) {
    super("conflict", message, details ? { details } : {});
  }
}

/** What the operator's auth handlers refuse with: a status and headers of their own choice. */
export class RefusedError extends AppError {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly headers: Headers;
  constructor(status: number, message: string, headers = new Headers()) {
    super(status === 401 ? "unauthorized" : "forbidden", message);
    this.status = status;
    this.headers = headers;
  }
}

/** A call that its budgets cannot pay; `details` say which budget, its limit, and what is spent and held. */
export class BudgetExceededError extends AppError {
  override readonly name = "BudgetExceededError";
  constructor(message: string, details: ErrorDetails) {
    super("insufficient_quota", message, { details });
  }
}

/** A worker's claim on a run has ended: another worker, or nobody, owns the run now. */
export class LeaseLostError extends AppError {
  override readonly name = "LeaseLostError";
  constructor(runId: string) {
    super("conflict", `The lease on run ${runId} is lost`);
  }
}

/** Bad configuration: names the file and the key path, and stops the start. */
export class ConfigError extends AppError {
  override readonly name = "ConfigError";
  constructor(message: string, options: { cause?: unknown } = {}) {
    super("config", message, options);
  }
}

/** What kind of failure a provider's is: it decides on retries and fallbacks. */
export type UpstreamKind =
  /** Too much at once: it passes. */
  | "rate_limit"
  /** The account has no money or quota left. */
  | "quota"
  /** The key is missing, wrong or not allowed. */
  | "auth"
  | "timeout"
  /** The provider's own fault: down, unreachable, cut off, or not speaking its wire. */
  | "server"
  /** The prompt does not fit the model. */
  | "overflow"
  /** The content was refused. */
  | "content"
  /** The answer was cut by its token limit where only a whole one is of use. */
  | "cut"
  /** The request itself is refused. */
  | "request";

/** A failure of a model provider, with what is needed to decide on a retry. */
export class UpstreamError extends AppError {
  override readonly name = "UpstreamError";
  readonly retryable: boolean;
  readonly kind: UpstreamKind;
  /** How long the provider asked to wait. */
  readonly retryAfterMs: number | undefined;
  constructor(
    message: string,
    options: {
      retryable: boolean;
      kind?: UpstreamKind;
      retryAfterMs?: number | undefined;
      cause?: unknown;
      details?: ErrorDetails;
    },
  ) {
    const { retryable, kind = "server", retryAfterMs } = options;
    super("upstream", message, { ...options, details: { ...options.details, kind, retryable } });
    this.retryable = retryable;
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a thrown value says of itself. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
