import type { UpstreamKind } from "../../core/errors.ts";
import type { Dialect } from "../dialects/index.ts";
import { isOverflow } from "./overflow.ts";

/** What a provider said when it refused or failed. */
export interface Refusal {
  /** Undefined for an error inside an answer that began well. */
  readonly status: number | undefined;
  /** The words that name the error: `code` and `type` of the body. */
  readonly codes: readonly string[];
  readonly message: string;
}

/** How a failure is to be treated. */
export interface FailureClass {
  readonly kind: UpstreamKind;
  readonly retryable: boolean;
}

const CONTENT_CODES = [
  "content_filter",
  "content_policy_violation",
  "ResponsibleAIPolicyViolation",
];

/** Statuses that mean the same at every provider; 5xx and the rest are told by their hundred. */
const BY_STATUS: Readonly<Record<number, FailureClass>> = {
  401: { kind: "auth", retryable: false },
  402: { kind: "quota", retryable: false },
  403: { kind: "auth", retryable: false },
  408: { kind: "timeout", retryable: true },
  409: { kind: "server", retryable: true },
  425: { kind: "server", retryable: true },
  429: { kind: "rate_limit", retryable: true },
  501: { kind: "request", retryable: false },
  504: { kind: "timeout", retryable: true },
};

/** Tells what a failure is, by the dialect's own codes before the status that they came with. */
export function classify(dialect: Dialect, refusal: Refusal): FailureClass {
  const { codes } = refusal;
  if (isListed(codes, [...(dialect.contentCodes ?? []), ...CONTENT_CODES]))
    return { kind: "content", retryable: false };
  if (isListed(codes, dialect.quotaCodes)) return { kind: "quota", retryable: false };
  const byStatus = classOfStatus(refusal);
  if (isListed(codes, dialect.transientCodes)) {
    const isServers = byStatus.kind === "server" || byStatus.kind === "timeout";
    return { kind: isServers ? byStatus.kind : "rate_limit", retryable: true };
  }
  const mayBeLong = byStatus.kind === "request" || refusal.status === undefined;
  if (mayBeLong && isOverflow(dialect, refusal)) return { kind: "overflow", retryable: false };
  return isListed(codes, dialect.finalCodes) ? { ...byStatus, retryable: false } : byStatus;
}

function classOfStatus({ status, codes }: Refusal): FailureClass {
  // Inside an answer the code is the only status there is.
  const known = status ?? codes.map(Number).find((code) => code >= 400 && code < 600);
  if (known === undefined) return { kind: "server", retryable: true };
  return (
    BY_STATUS[known] ??
    (known >= 500 ? { kind: "server", retryable: true } : { kind: "request", retryable: false })
  );
}

/** `Throttling` stands for `Throttling.RateQuota` too. */
const isListed = (codes: readonly string[], listed: readonly string[] = []): boolean =>
  codes.some((code) => listed.some((known) => code === known || code.startsWith(`${known}.`)));
