import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { KnowledgeRows } from "../storage/knowledge-port.ts";
import { knowledgeBase } from "./knowledge-base.ts";
import type { Knowledge } from "./port.ts";
import { MemoryVectors } from "./vectors.ts";

/** The knowledge of a server, over its database. */
export function openKnowledge(rows: KnowledgeRows, settings: Settings, clock: Clock): Knowledge {
  const maxBytes = settings.knowledge_cache_bytes;
  return knowledgeBase({ rows, vectors: new MemoryVectors(rows, { maxBytes }), clock });
}
