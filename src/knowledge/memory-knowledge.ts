import { systemClock } from "../core/clock.ts";
import { knowledgeBase } from "./knowledge-base.ts";
import { MemoryRows } from "./memory-rows.ts";
import type { Knowledge } from "./port.ts";
import { MemoryVectors } from "./vectors.ts";

/** The knowledge of a plain script: its documents are there as long as it runs. */
export function memoryKnowledge(): Knowledge {
  const rows = new MemoryRows();
  // Nothing is kept a second time: vectors are compared where they are.
  const vectors = new MemoryVectors(rows, { maxBytes: 0 });
  return knowledgeBase({ rows, vectors, clock: systemClock });
}
