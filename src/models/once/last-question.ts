import { z } from "zod";
import type { Place } from "./place.ts";

const INTERRUPT = "__interrupt__";

const questions = z.array(z.object({ id: z.string(), value: z.unknown() }));

/** The last question that a task asked, and the id that it is answered by. */
export async function lastQuestion({
  saver,
  anchor,
}: Place): Promise<{ id: string; value?: unknown } | undefined> {
  const tuple = await saver.getTuple({
    configurable: {
      thread_id: anchor.threadId,
      checkpoint_ns: anchor.namespace,
      checkpoint_id: anchor.checkpointId,
    },
  });
  const asked = (tuple?.pendingWrites ?? []).filter(
    ([taskId, channel]) => taskId === anchor.taskId && channel === INTERRUPT,
  );
  const written: unknown = asked.at(-1)?.[2];
  const found = questions.safeParse(Array.isArray(written) ? written : [written]);
  return found.success ? found.data.at(-1) : undefined;
}
