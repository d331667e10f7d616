import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { KnowledgeRows } from "../storage/knowledge-port.ts";
import { knowledgeBase } from "./knowledge-base.ts";
import { PgVectors } from "./pg-vectors.ts";
import type { Knowledge, NearestChunks } from "./port.ts";
import { MemoryVectors } from "./vectors.ts";

interface Around {
  settings: Settings;
  clock: Clock;
  log: Log;
}

/** The knowledge of a server, over its database. */
export function openKnowledge(rows: KnowledgeRows, { settings, clock, log }: Around): Knowledge {
  return knowledgeBase({ rows, vectors: vectorsOf(rows, settings, log), clock });
}

/** pgvector where the database is Postgres and has it. */
function vectorsOf(rows: KnowledgeRows, settings: Settings, log: Log): NearestChunks {
  const { knowledge_cache_bytes: maxBytes, database_url: databaseUrl } = settings;
  const memory = new MemoryVectors(rows, { maxBytes });
  return databaseUrl === undefined ? memory : new PgVectors(rows, { databaseUrl, log }, memory);
}
