import { beforeEach, describe } from "vitest";
import { MemoryRows } from "../../src/knowledge/memory-rows.ts";
import { knowledgeContract } from "./knowledge.contract.ts";

describe("documents of a plain script", () => {
  let rows = new MemoryRows();
  beforeEach(() => {
    rows = new MemoryRows();
  });
  knowledgeContract(() => rows);
});
