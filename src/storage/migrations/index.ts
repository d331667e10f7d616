import { init } from "./0001-init.ts";
import { checkpointParts } from "./0002-checkpoint-parts.ts";
import { background } from "./0003-background.ts";
import { runLimits } from "./0004-run-limits.ts";
import { engine } from "./0005-engine.ts";
import { usage } from "./0006-usage.ts";
import { budgets } from "./0007-budgets.ts";
import { files } from "./0008-files.ts";
import { auth } from "./0009-auth.ts";
import { assistantVersions } from "./0010-assistant-versions.ts";
import { threadSearch } from "./0011-thread-search.ts";
import { store } from "./0012-store.ts";
import { responses } from "./0014-responses.ts";
import { tokenFactors } from "./0016-token-factors.ts";
import { tasks } from "./0018-tasks.ts";
import { apiKeys } from "./0019-api-keys.ts";
import { taskFallbacks } from "./0024-task-fallbacks.ts";
import { runSpends } from "./0025-run-spends.ts";
import { feedback } from "./0026-feedback.ts";
import { responseFollowers } from "./0027-response-followers.ts";
import { filesOfThreads } from "./0028-files-of-threads.ts";
import { knowledge } from "./0030-knowledge.ts";
import { eventRows } from "./0031-event-rows.ts";
import type { Migration } from "./migration.ts";

/** Every migration, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  init,
  checkpointParts,
  background,
  runLimits,
  engine,
  usage,
  budgets,
  files,
  auth,
  assistantVersions,
  threadSearch,
  store,
  responses,
  tokenFactors,
  tasks,
  apiKeys,
  taskFallbacks,
  runSpends,
  feedback,
  responseFollowers,
  filesOfThreads,
  knowledge,
  eventRows,
];
