import type { Selectable } from "kysely";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { ResponseSource, StoredResponse } from "../domain/response.ts";

export interface ResponseTable {
  response_id: string;
  source: ResponseSource;
  thread_id: string | null;
  previous_id: string | null;
  response: string;
  input: string;
  metadata: string;
  created_at: number;
}

export type ResponseRow = Selectable<ResponseTable>;

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface Responses {
  /** Keeps it, in place of one with its id. */
  keep(response: StoredResponse): Promise<void>;
  find(responseId: string, access?: AccessFilter): Promise<StoredResponse | undefined>;
  /** How many responses there are of a thread. */
  countOf(threadId: string): Promise<number>;
  /** The ids of the responses that go on from one. */
  followersOf(responseId: string): Promise<string[]>;
  /** Answers whether there was one. */
  delete(responseId: string, access?: AccessFilter): Promise<boolean>;
}
