import type {
  CallFilter,
  ModelCall,
  TokenFactor,
  UsageFilter,
  UsageGroup,
  UsageReport,
  UsageSums,
} from "../domain/usage.ts";

/** As in ports.ts: every method is one whole commit. */
export interface UsageRows {
  /** Keeps calls and adds them to the sums of their run, thread and day, each call id once; some hundreds at most. */
  record(calls: readonly ModelCall[]): Promise<void>;
  ofRun(runId: string): Promise<ModelCall[]>;
  /** What each of these runs used, by currency; a run that used nothing is not named. */
  ofRuns(runIds: readonly string[]): Promise<Map<string, UsageSums[]>>;
  ofThreads(threadIds: readonly string[]): Promise<Map<string, UsageSums[]>>;
  /** Sums by day, newest first, or by another group, the dearest first. */
  report(query: {
    group_by: UsageGroup;
    filter: UsageFilter;
    limit: number;
    offset: number;
  }): Promise<UsageReport>;
  /** Calls in the order in which they began, those after the one named. */
  calls(query: {
    filter: CallFilter;
    after?: Pick<ModelCall, "started_at" | "call_id"> | undefined;
    limit: number;
  }): Promise<ModelCall[]>;
  /** Deletes calls that began before a time, and what is left of their holds; their sums stay. Answers how many. */
  sweep(before: number, limit: number): Promise<number>;
  /** Adds sums of days before one, of threads that are gone, to those of no thread. Answers how many. */
  foldThreads(beforeDay: number, limit: number): Promise<number>;
  tokenFactors(): Promise<TokenFactor[]>;
  keepFactors(factors: readonly TokenFactor[]): Promise<void>;
}
