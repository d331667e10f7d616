import type { Json, JsonObject } from "../core/json.ts";

/** What a user says of a run, under one key. */
export interface Feedback {
  feedback_id: string;
  run_id: string;
  /** Null for a stateless run, whose thread goes when it has ended. */
  thread_id: string | null;
  key: string;
  score: number | null;
  value: Json;
  comment: string | null;
  correction: Json;
  metadata: JsonObject;
  created_at: number;
  updated_at: number;
}

/** How a run's users give feedback: for each key a token that gives leave to. */
export interface FeedbackTickets {
  /** What the address of a token begins with. */
  base: string;
  tokens: Record<string, string>;
}

/** The address of each key, as the event `feedback` has it. */
export const feedbackUrls = ({ base, tokens }: FeedbackTickets): Record<string, string> =>
  Object.fromEntries(Object.entries(tokens).map(([key, token]) => [key, `${base}${token}`]));
