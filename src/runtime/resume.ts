import type { StateSnapshot } from "@langchain/langgraph";
import { isJsonObject, type Json } from "../core/json.ts";
import type { RunCommand } from "../domain/run.ts";

/** A resume that does not fit what waits for an answer. */
export class UnknownInterruptError extends Error {
  override readonly name = "UnknownInterruptError";
}

/** Interrupts are named by a hash in this form; a resume with only such keys answers several by name. */
const INTERRUPT_ID = /^[0-9a-f]{32}$/;

/** Which interrupts wait for an answer. */
export const waitingIds = (snapshot: StateSnapshot): string[] =>
  snapshot.tasks.flatMap((task) => task.interrupts.flatMap((interrupt) => interrupt.id ?? []));

/** Rejects an answer to what is not asked, or one of which it is not clear what it answers. */
export function checkResume(resume: Json, waiting: readonly string[]): void {
  const pending = waiting.length === 0 ? "nothing waits" : `what waits is ${waiting.join(", ")}`;
  if (waiting.length === 0)
    throw new UnknownInterruptError(`not_pending: the run resumes, but ${pending} for an answer`);
  const names = isJsonObject(resume) ? Object.keys(resume) : undefined;
  if (names?.length === 0)
    throw new UnknownInterruptError(`empty_map: the resume answers nothing, but ${pending}`);
  if (names?.every((name) => INTERRUPT_ID.test(name))) {
    const unknown = names.filter((name) => !waiting.includes(name));
    if (unknown.length === 0) return;
    throw new UnknownInterruptError(
      `not_pending: nothing waits under ${unknown.join(", ")}; ${pending}`,
    );
  }
  if (waiting.length > 1)
    throw new UnknownInterruptError(`ambiguous: one answer for several questions; ${pending}`);
}

/**
 * Rejects an answer whose question was answered by another: sent twice, it must not answer what was
 * asked in between. One that names its question cannot be taken for another's.
 */
export function checkFresh(
  { resume, answers }: { resume: Json; answers: readonly string[] },
  waiting: readonly string[],
): void {
  if (waiting.length === 0 || waiting.some((id) => answers.includes(id))) return;
  const names = isJsonObject(resume) ? Object.keys(resume) : [];
  if (names.length > 0 && names.every((name) => INTERRUPT_ID.test(name))) return;
  throw new UnknownInterruptError(
    `stale: what was asked when this answer came has been answered; what waits is ${waiting.join(", ")}`,
  );
}

/**
 * LangGraph takes a falsy resume value (false, 0, "", null) for none; named with the id of the
 * interrupt that waits, it is an answer like any other.
 */
export function named(command: RunCommand, waiting: readonly string[]): RunCommand {
  const [id] = waiting;
  const { resume } = command;
  return isUnseen(command) && resume !== undefined && id !== undefined
    ? { ...command, resume: { [id]: resume } }
    : command;
}

/** Whether LangGraph would not see that a command answers something. */
export function isUnseen({ resume, update, goto }: RunCommand): boolean {
  const isOther = update !== undefined || goto !== undefined;
  return resume !== undefined && !resume && !(resume === null && isOther);
}
