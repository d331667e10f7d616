import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "../../../core/json.ts";

const Approval = z.object({
  action_requests: z
    .array(z.object({ name: z.string(), args: z.unknown(), description: z.string().optional() }))
    .min(1),
});

/** What a graph waits for. */
export const Interrupt = z.object({ id: z.string(), value: z.unknown() });
export type Interrupt = z.infer<typeof Interrupt>;

/** The words of an answer that stand for a decision, the first word of the message. */
const DECISIONS: Readonly<Record<string, readonly string[]>> = {
  approve: ["approve", "approved", "yes", "y", "ok", "同意", "批准", "是", "好"],
  reject: ["reject", "rejected", "no", "n", "拒绝", "否", "不"],
  edit: ["edit", "编辑", "修改"],
};

/** The actions that an interrupt asks for leave to do; none where it asks something else. */
export const actionsOf = (value: unknown): { name: string; args?: unknown }[] =>
  Approval.safeParse(value).data?.action_requests ?? [];

/** What a person reads of an interrupt in a chat. */
export function questionText(interrupts: readonly Interrupt[]): string {
  return interrupts.map(({ value }) => oneQuestion(value)).join("\n\n");
}

function oneQuestion(value: unknown): string {
  const approval = Approval.safeParse(value).data;
  if (!approval) return typeof value === "string" ? value : JSON.stringify(value);
  const actions = approval.action_requests.map(
    ({ name, args, description }) =>
      `${description ?? "Approve this?"}\n${name} ${JSON.stringify(args)}`,
  );
  return `${actions.join("\n\n")}\n\nAnswer with "approve", "reject <reason>", or "edit <arguments as JSON>".`;
}

/**
 * What a thread is resumed with when a person answered in the chat: a decision where one was asked for, else the
 * text. Undefined where a decision was asked for and the text is none.
 */
export function answerTo(interrupts: readonly Interrupt[], text: string): JsonObject | undefined {
  const answers = interrupts.map(({ id, value }): [string, Json | undefined] => [
    id,
    oneAnswer(value, text),
  ]);
  if (answers.some(([, answer]) => answer === undefined)) return undefined;
  return Object.fromEntries(answers.map(([id, answer]) => [id, answer ?? null]));
}

function oneAnswer(value: unknown, text: string): Json | undefined {
  const approval = Approval.safeParse(value).data;
  if (!approval) return text;
  const [word = ""] = text.trim().split(/[\s,，。.!！]+/);
  const type = Object.keys(DECISIONS).find((key) => DECISIONS[key]?.includes(word.toLowerCase()));
  if (type === undefined) return undefined;
  const decisions = approval.action_requests.map(({ name }) =>
    decision(
      type,
      name,
      text
        .trim()
        .slice(word.length)
        .replace(/^[\s,，。.!！]+/, ""),
    ),
  );
  return decisions.includes(undefined)
    ? undefined
    : { decisions: decisions.flatMap((one) => one ?? []) };
}

/** One decision; undefined where the arguments of an edit cannot be read. */
function decision(type: string, name: string, rest: string): JsonObject | undefined {
  if (type === "approve") return { type };
  if (type === "reject") return rest === "" ? { type } : { type, message: rest };
  const args = argumentsIn(rest);
  return args && { type, edited_action: { name, args } };
}

function argumentsIn(text: string): JsonObject | undefined {
  try {
    const args: unknown = JSON.parse(text);
    return isJsonObject(args) ? args : undefined;
  } catch {
    return undefined;
  }
}
