/** What may be sent under one key: calls and tokens of any sixty seconds, and calls at once. */
export interface CallLimit {
  /** Calls with the same key share the limit. */
  readonly key: string;
  readonly callsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly callsAtOnce: number | undefined;
}

/** One call that was let through; disposing of it twice does no harm. */
export interface CallTicket extends Disposable {
  /** Tells what the call really used, in place of what it was thought to use. */
  used(tokens: number): void;
}

/** Lets calls through in the order in which they came, as soon as their limit allows. */
export interface CallLimiter {
  /** Rejects with the signal's reason when that ends the wait. */
  acquire(
    limit: CallLimit,
    call: { readonly tokens: number; readonly signal?: AbortSignal | undefined },
  ): Promise<CallTicket>;
}
