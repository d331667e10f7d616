import { z } from "zod";
import { printable } from "../table.ts";

type Ask = (prompt: string, draft?: string) => Promise<string | undefined>;

/** A request for approval, as agent-chat-ui and Studio show it. */
const Approval = z.object({
  action_requests: z
    .array(
      z.object({
        name: z.string(),
        args: z.record(z.string(), z.unknown()),
        description: z.string().optional(),
      }),
    )
    .min(1),
  review_configs: z
    .array(z.object({ action_name: z.string(), allowed_decisions: z.array(z.string()) }))
    .default([]),
});

type Action = z.infer<typeof Approval>["action_requests"][number];

const WORDS: Readonly<Record<string, readonly string[]>> = {
  approve: ["a", "y", "yes", "approve", "同意"],
  edit: ["e", "edit", "编辑"],
  reject: ["r", "n", "no", "reject", "拒绝"],
  respond: ["s", "respond", "回答"],
};
const ALL = Object.keys(WORDS);

export interface Question {
  id: string;
  value: unknown;
}

/** What a graph is resumed with: one answer, or one for each question by its id; undefined when the person left. */
export async function answersTo(questions: readonly Question[], ask: Ask): Promise<unknown> {
  const answers: Record<string, unknown> = {};
  for (const { id, value } of questions) {
    const answer = await answerTo(value, ask);
    if (answer === undefined) return undefined;
    answers[id] = answer;
  }
  const [only] = questions;
  return questions.length === 1 && only ? answers[only.id] : answers;
}

async function answerTo(value: unknown, ask: Ask): Promise<unknown> {
  const approval = Approval.safeParse(value);
  if (!approval.success) return freeAnswer(value, ask);
  const decisions: unknown[] = [];
  for (const action of approval.data.action_requests) {
    const config = approval.data.review_configs.find((one) => one.action_name === action.name);
    const decision = await decide(action, config?.allowed_decisions ?? ALL, ask);
    if (decision === undefined) return undefined;
    decisions.push(decision);
  }
  return { decisions };
}

async function freeAnswer(value: unknown, ask: Ask): Promise<unknown> {
  const question = typeof value === "string" ? value : JSON.stringify(value);
  const text = await ask(`? ${printable(question)}\n? `);
  if (text === undefined) return undefined;
  return parsed(text) ?? text;
}

async function decide(action: Action, allowed: readonly string[], ask: Ask): Promise<unknown> {
  const about = printable(
    `${action.description ?? "Approve?"} ${action.name} ${JSON.stringify(action.args)}`,
  );
  const choices = ALL.filter((name) => allowed.includes(name));
  for (;;) {
    const entry = await ask(`? ${about}\n? ${choices.join(" / ")}: `);
    if (entry === undefined) return undefined;
    const [word = "", ...more] = entry.trim().split(/\s+/);
    const choice = choices.find((name) => WORDS[name]?.includes(word.toLowerCase()));
    if (choice === "approve") return { type: "approve" };
    if (choice === "edit") return await edited(action, ask);
    if (choice !== undefined) return await withMessage(choice, more.join(" "), ask);
  }
}

async function edited({ name, args }: Action, ask: Ask): Promise<unknown> {
  for (let draft = JSON.stringify(args); ;) {
    const entry = await ask("? arguments: ", draft);
    if (entry === undefined) return undefined;
    const changed = z.record(z.string(), z.unknown()).safeParse(parsed(entry));
    if (changed.success) return { type: "edit", edited_action: { name, args: changed.data } };
    draft = entry;
  }
}

async function withMessage(type: string, given: string, ask: Ask): Promise<unknown> {
  const message = given === "" ? await ask(type === "reject" ? "? reason: " : "? answer: ") : given;
  return message === undefined ? undefined : { type, message };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
