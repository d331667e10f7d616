import type { Assistant, AssistantVersion } from "../../domain/assistant.ts";
import { fromJson } from "../json-column.ts";
import type { AssistantRow, AssistantVersionRow } from "../schema.ts";

export const toVersion = (row: AssistantVersionRow): AssistantVersion => ({
  assistant_id: row.assistant_id,
  graph_id: row.graph_id,
  name: row.name,
  description: row.description,
  config: fromJson(row.config),
  context: fromJson(row.context),
  metadata: fromJson(row.metadata),
  version: row.version,
  created_at: row.created_at,
});

export const toAssistant = (row: AssistantRow): Assistant => ({
  ...toVersion(row),
  updated_at: row.updated_at,
});

const columnsOf = (assistant: Assistant) => ({
  assistant_id: assistant.assistant_id,
  graph_id: assistant.graph_id,
  name: assistant.name,
  description: assistant.description,
  config: JSON.stringify(assistant.config),
  context: JSON.stringify(assistant.context),
  metadata: JSON.stringify(assistant.metadata),
  version: assistant.version,
});

export const fromAssistant = (assistant: Assistant, isSystem: boolean): AssistantRow => ({
  ...columnsOf(assistant),
  is_system: isSystem ? 1 : 0,
  created_at: assistant.created_at,
  updated_at: assistant.updated_at,
});

/** The version an assistant is at: it was made when the assistant changed last. */
export const versionOf = (assistant: Assistant): AssistantVersionRow => ({
  ...columnsOf(assistant),
  created_at: assistant.updated_at,
});
