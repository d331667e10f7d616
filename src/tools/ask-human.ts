import { isDeepStrictEqual } from "node:util";
import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import { lastQuestion } from "../models/once/last-question.ts";
import { placeOf } from "../models/once/place.ts";
import { realScratchpad } from "../models/once/scratchpad.ts";

/** A call as the model made it. */
export interface ToolCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly id?: string | undefined;
}

const args = z.record(z.string(), z.unknown());
const Action = z.object({ name: z.string().nullish(), args });
const Decision = z.union([
  z.object({ type: z.enum(["approve", "accept"]) }).transform(() => ({ type: "approve" as const })),
  z
    .object({ type: z.literal("edit"), edited_action: Action })
    .or(
      z
        .object({ type: z.literal("edit"), editedAction: Action })
        .transform(({ type, editedAction }) => ({ type, edited_action: editedAction })),
    )
    .transform(({ type, edited_action }) => ({ type, ...edited_action })),
  z
    .object({ type: z.enum(["reject", "ignore"]), message: z.string().nullish() })
    .transform(({ message }) => ({ type: "reject" as const, message: message ?? "" })),
  z.object({ type: z.enum(["respond", "response"]), message: z.string() }).transform((answer) => ({
    type: "respond" as const,
    message: answer.message,
  })),
]);

/** What a human decided on one call. */
export type Decision = z.infer<typeof Decision>;

/**
 * Asks a human about all calls at once, and again until there is one decision for each. An answer
 * that came before just these calls were shown is none.
 */
export async function decide(calls: readonly ToolCall[]): Promise<Decision[]> {
  await dropEarlierAnswer(calls);
  const allowed_decisions = ["approve", "edit", "reject", "respond"];
  for (let description = "Run this tool?"; ; description = "Please decide on every call.") {
    const answer: unknown = interrupt({
      action_requests: calls.map(({ name, args: given }) => ({ name, args: given, description })),
      review_configs: calls.map(({ name }) => ({ action_name: name, allowed_decisions })),
    });
    const decisions = z.array(Decision).length(calls.length).safeParse(listOf(answer));
    if (decisions.success && decisions.data.every((one, index) => isAbout(one, calls[index])))
      return decisions.data;
  }
}

/** An edit changes arguments; it does not make a call one of another tool. */
const isAbout = (decision: Decision, call: ToolCall | undefined): boolean =>
  decision.type !== "edit" || decision.name == null || decision.name === call?.name;

/** `{decisions: [...]}`, a list, one decision, or its bare word. */
function listOf(answer: unknown): unknown {
  if (typeof answer === "string") return [{ type: answer }];
  if (Array.isArray(answer)) return answer;
  if (typeof answer === "object" && answer !== null && "decisions" in answer)
    return answer.decisions;
  return [answer];
}

const Asked = z.object({
  action_requests: z.array(z.object({ name: z.string(), args: z.record(z.string(), z.unknown()) })),
});

/** Lets go of an answer to another question than this: calls that were changed since, or never shown. */
async function dropEarlierAnswer(calls: readonly ToolCall[]): Promise<void> {
  const place = placeOf(undefined);
  if (place === undefined) return;
  const real = realScratchpad(place.scratchpad);
  const isFirst = real.resume.length === 0 && real.nullResume !== undefined;
  if (!isFirst) return;
  const asked = Asked.safeParse((await lastQuestion(place))?.value);
  const shown = asked.success ? asked.data.action_requests : [];
  const now = calls.map(({ name, args: given }) => ({ name, args: given }));
  const before = shown.map(({ name, args: given }) => ({ name, args: given }));
  if (!isDeepStrictEqual(before, now)) real.consumeNullResume();
}
