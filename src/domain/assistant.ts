import type { JsonObject } from "../core/json.ts";
import type { AccessFilter } from "./access-filter.ts";

/** A named configuration of a graph; times are milliseconds since the epoch. */
export interface Assistant {
  assistant_id: string;
  graph_id: string;
  name: string;
  description: string | null;
  config: JsonObject;
  context: JsonObject;
  metadata: JsonObject;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface AssistantFilter {
  graph_id?: string | undefined;
  /** Case-blind part of the name. */
  name?: string | undefined;
  /** Every key given must be contained in the assistant's metadata. */
  metadata?: JsonObject | undefined;
  /** What the actor may see; system assistants are seen by all. */
  access?: AccessFilter | undefined;
}
export type AssistantSort = "assistant_id" | "graph_id" | "name" | "created_at" | "updated_at";
