import { placeOf, type Place } from "../once/place.ts";
import { realScratchpad, type Scratchpad } from "../once/scratchpad.ts";

const KIND = "budget_exceeded";
const INTERRUPT = "__interrupt__";

/** Tasks whose answer to our question was taken. */
const answered = new WeakSet<Scratchpad>();

/**
 * Ends the run at an interrupt that tells what is missing; rejects with the error itself outside of a
 * run. It has no number among the questions of the task: its answer says no more than to go on.
 */
export async function askForMoney(
  error: Error & { readonly details: Readonly<Record<string, unknown>> },
): Promise<void> {
  const place = placeOf(undefined);
  if (place === undefined || place.runId === "") throw error;
  const { interrupt } = await import("@langchain/langgraph");
  const real = realScratchpad(place.scratchpad);
  const before = real.interruptCounter;
  // Past all answers that the task has, so that it asks anew.
  real.interruptCounter = real.resume.length - 1;
  try {
    interrupt({ type: KIND, message: error.message, ...error.details });
  } finally {
    real.interruptCounter = before;
  }
}

/** Takes the answer to our own question: left alone, it would answer the next question of the task. */
export async function takeBudgetAnswer(): Promise<void> {
  const place = placeOf(undefined);
  if (place === undefined) return;
  const real = realScratchpad(place.scratchpad);
  const byId = place.configurable["__pregel_resume_map"];
  if (answered.has(real) || (real.nullResume === undefined && byId === undefined)) return;
  const question = await ourQuestion(place);
  if (question === undefined) return;
  answered.add(real);
  if (real.nullResume !== undefined) real.consumeNullResume();
  else if (fieldOf(byId, question.id) !== undefined) real.resume.pop();
}

/** The last question of the task, if it was ours. */
async function ourQuestion({ saver, anchor }: Place): Promise<{ id: string } | undefined> {
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
  const questions: unknown[] = Array.isArray(written) ? written : [written];
  const ours = questions.find((one) => fieldOf(fieldOf(one, "value"), "type") === KIND);
  return ours === undefined ? undefined : { id: String(fieldOf(ours, "id")) };
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
