import type { AccessFilter } from "../domain/access-filter.ts";
import type {
  Assistant,
  AssistantFilter,
  AssistantPatch,
  AssistantVersion,
} from "../domain/assistant.ts";
import type { JsonObject } from "../core/json.ts";

/** As in ports.ts. System assistants are changed by nothing here. */
export interface AssistantChanges {
  /** Keeps an assistant and its first version. Rejects with ConflictError when the id is taken. */
  create(assistant: Assistant): Promise<void>;
  /** Makes a new version with metadata merged and the other fields replaced. */
  patch(
    assistantId: string,
    change: AssistantPatch & { now: number; access?: AccessFilter | undefined },
  ): Promise<Assistant | undefined>;
  /** Makes an earlier version the one in force, but for metadata that decide on access. Undefined when there is no such version. */
  setLatest(
    assistantId: string,
    change: { version: number; now: number; access?: AccessFilter | undefined },
  ): Promise<Assistant | undefined>;
  /** Newest first. */
  versions(
    assistantId: string,
    query: { limit: number; offset: number; metadata?: JsonObject | undefined },
  ): Promise<AssistantVersion[]>;
  /** False when there is none that may be deleted. */
  delete(assistantId: string, access?: AccessFilter): Promise<boolean>;
  count(filter: AssistantFilter): Promise<number>;
}
