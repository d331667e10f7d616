import type { Thread, ThreadFilter } from "../domain/thread.ts";

/** As in ports.ts. */
export interface ThreadCollection {
  count(filter: ThreadFilter): Promise<number>;
  /** Keeps a thread with the checkpoints that another has; false when there is no other. */
  copy(fromThreadId: string, thread: Thread, options?: { isTemporary?: boolean }): Promise<boolean>;
}
