import type { AccessFilter } from "../domain/access-filter.ts";
import type { Feedback } from "../domain/feedback.ts";
import type { PageOf } from "../domain/page.ts";

export interface FeedbackTable {
  feedback_id: string;
  run_id: string;
  thread_id: string | null;
  key: string;
  score: number | null;
  value: string;
  comment: string | null;
  correction: string;
  metadata: string;
  created_at: number;
  updated_at: number;
}

export interface FeedbackQuery {
  run_id?: string | undefined;
  thread_id?: string | undefined;
  key?: string | undefined;
  limit: number;
  offset: number;
  access?: AccessFilter | undefined;
}

/** As in ports.ts: every method is one whole commit. */
export interface FeedbackRows {
  /** Keeps it in place of the one with the same id, whose time of creation stays. */
  put(feedback: Feedback): Promise<Feedback>;
  /** Newest first. */
  list(query: FeedbackQuery): Promise<PageOf<Feedback>>;
}
