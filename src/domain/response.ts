import type { JsonObject } from "../core/json.ts";

/** Where an answer comes from: a model that was asked at once, a task of the background, or a run of a graph. */
export const RESPONSE_SOURCES = ["model", "task", "run"] as const;
export type ResponseSource = (typeof RESPONSE_SOURCES)[number];

/** A response of OpenAI's Responses API. The task or run that makes it has its id. */
export interface StoredResponse {
  response_id: string;
  source: ResponseSource;
  /** The conversation of a run. */
  thread_id: string | null;
  /** The response that it goes on from. */
  previous_id: string | null;
  /** As clients see it: whole where a model was asked, else as it was when it began. */
  response: JsonObject;
  /** The items that it answers, without those of earlier responses. */
  input: JsonObject[];
  metadata: JsonObject;
  /** Milliseconds since the epoch. */
  created_at: number;
}
