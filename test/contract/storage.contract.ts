import { afterEach, beforeEach, describe } from "vitest";
import type { Storage } from "../../src/storage/ports.ts";
import { accessContract } from "./access.contract.ts";
import { apiKeysContract } from "./api-keys.contract.ts";
import { assistantsContract } from "./assistants.contract.ts";
import { budgetsContract } from "./budgets.contract.ts";
import { backgroundContract } from "./background.contract.ts";
import { checkpointsContract } from "./checkpoints.contract.ts";
import { eventsContract } from "./events.contract.ts";
import { itemsContract } from "./items.contract.ts";
import { knowledgeContract } from "./knowledge.contract.ts";
import { knowledgeDraftsContract } from "./knowledge-drafts.contract.ts";
import { removalsContract } from "./removals.contract.ts";
import { feedbackContract } from "./feedback.contract.ts";
import { filesContract } from "./files.contract.ts";
import { responsesContract } from "./responses.contract.ts";
import { runEndsContract } from "./run-ends.contract.ts";
import { runsContract } from "./runs.contract.ts";
import { tasksContract } from "./tasks.contract.ts";
import { threadsContract } from "./threads.contract.ts";
import { usageContract } from "./usage.contract.ts";

/** The storage of the test that runs. */
export type Subject = () => Storage;

/** What every database of the storage port does alike; `open` opens an empty one. */
export function storageContract(
  name: string,
  open: () => Promise<Storage>,
  suite: (name: string, tests: () => void) => void = describe,
): void {
  suite(`storage on ${name}`, () => {
    let storage: Storage | undefined;
    const subject: Subject = () => {
      if (storage === undefined) throw new Error("The storage is not open");
      return storage;
    };
    beforeEach(async () => {
      storage = await open();
    });
    afterEach(async () => {
      await storage?.close();
    });
    assistantsContract(subject);
    threadsContract(subject);
    runsContract(subject);
    runEndsContract(subject);
    eventsContract(subject);
    checkpointsContract(subject);
    usageContract(subject);
    budgetsContract(subject);
    backgroundContract(subject);
    itemsContract(subject);
    feedbackContract(subject);
    knowledgeContract(() => subject().knowledge);
    knowledgeDraftsContract(() => subject().knowledge);
    filesContract(subject);
    accessContract(subject);
    removalsContract(subject);
    apiKeysContract(subject);
    tasksContract(subject);
    responsesContract(subject);
  });
}
