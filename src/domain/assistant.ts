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

/** What an assistant was from a time on, until its next version. */
export type AssistantVersion = Omit<Assistant, "updated_at">;

/** What a new version of an assistant changes; metadata are merged, all else is replaced. */
export type AssistantPatch = Partial<
  Pick<Assistant, "graph_id" | "name" | "description" | "config" | "context" | "metadata">
>;

export interface AssistantFilter {
  graph_id?: string | undefined;
  /** Only of these graphs. */
  graphs?: string[] | undefined;
  /** Case-blind part of the name. */
  name?: string | undefined;
  /** Every key given must be contained in the assistant's metadata. */
  metadata?: JsonObject | undefined;
  /** What the actor may see; system assistants are seen by all. */
  access?: AccessFilter | undefined;
}
export type AssistantSort = "assistant_id" | "graph_id" | "name" | "created_at" | "updated_at";
