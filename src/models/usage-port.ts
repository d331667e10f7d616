export type CallKind = "chat" | "embedding" | "rerank" | "image";

/** What one call of a model used; the ledger prices it. */
export interface ModelUsage {
  readonly modelId: string;
  readonly kind: CallKind;
  /** What the kind is counted by besides tokens: texts embedded, documents ranked, images made; 1 for chat. */
  readonly units: number;
  /** Undefined outside the server. */
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly assistantId: string | undefined;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** The counts are our estimate, because the provider sent none. */
  readonly estimated: boolean;
  /** The provider's own usage object. */
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly status: "success" | "error" | "cancelled";
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** Where every call of a model is reported, once, whether it succeeded or not. */
export interface UsagePort {
  record(usage: ModelUsage): void | Promise<void>;
}

/** For runs without a ledger. */
export const noLedger: UsagePort = { record: () => undefined };
