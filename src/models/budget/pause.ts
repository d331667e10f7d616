import { lastQuestion } from "../once/last-question.ts";
import { placeOf } from "../once/place.ts";
import { realScratchpad, type Scratchpad } from "../once/scratchpad.ts";

const KIND = "budget_exceeded";

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
  const question = await lastQuestion(place);
  if (fieldOf(question?.value, "type") !== KIND) return;
  answered.add(real);
  if (real.nullResume !== undefined) real.consumeNullResume();
  else if (fieldOf(byId, question?.id ?? "") !== undefined) real.resume.pop();
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
