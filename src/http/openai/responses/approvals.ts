import { z } from "zod";
import { AppError } from "../../../core/errors.ts";
import type { Json, JsonObject } from "../../../core/json.ts";
import { actionsOf, type Interrupt } from "../chat/interrupts.ts";

const ApprovalAnswer = z.looseObject({
  type: z.literal("mcp_approval_response"),
  approval_request_id: z.string(),
  approve: z.boolean(),
  reason: z.string().nullish(),
});
type ApprovalAnswer = z.infer<typeof ApprovalAnswer>;

const ValueAnswer = z.looseObject({
  type: z.literal("function_call_output"),
  call_id: z.string(),
  output: z.string(),
});

const REQUEST_ID = /^mcpr_([0-9a-f-]{36})_\d+$/;

/** An action that a graph asks for leave to do, as the Responses API has it. */
export interface Approval {
  name: string;
  arguments: string;
}

/** All actions that a graph asks leave for, in their order. */
export const approvalsIn = (interrupts: readonly Interrupt[]): Approval[] =>
  interrupts.flatMap(({ value }) =>
    actionsOf(value).map(({ name, args }) => ({ name, arguments: JSON.stringify(args ?? {}) })),
  );

/** The id of such a request: of the response it is in, and its place among the requests there. */
export const approvalId = (response_id: string, place: number): string =>
  `mcpr_${response_id}_${place}`;

/** The response whose requests the items of a conversation answer; undefined where they answer none. */
export function responseAnswered(items: readonly JsonObject[]): string | undefined {
  const answer = items.map((item) => ApprovalAnswer.safeParse(item).data).findLast(Boolean);
  return answer && REQUEST_ID.exec(answer.approval_request_id)?.[1];
}

/** The part of a conversation that answers the requests of an earlier response. */
export const answersOnly = (items: readonly JsonObject[]): JsonObject[] =>
  items.slice(items.findIndex(({ type }) => type === "mcp_approval_response"));

/** What a person would have said instead of such an item. */
export function spokenAnswer(item: JsonObject): string {
  const { approve, reason } = ApprovalAnswer.parse(item);
  return approve ? "approve" : `reject ${reason ?? ""}`.trim();
}

export interface GivenAnswers {
  /** By the id of the interrupt. */
  answers: Record<string, Json>;
  /** The items that are no such answers. */
  others: JsonObject[];
}

/** What the items of a request answer to the questions of the response that it goes on from. */
export function answersIn(
  items: readonly JsonObject[],
  { waiting, response_id }: { waiting: readonly Interrupt[]; response_id: string },
): GivenAnswers {
  const approvals = new Map<string, ApprovalAnswer>();
  const answers: Record<string, Json> = {};
  const others: JsonObject[] = [];
  for (const item of items) {
    const approval = ApprovalAnswer.safeParse(item).data;
    const value = ValueAnswer.safeParse(item).data;
    if (approval) approvals.set(approval.approval_request_id, approval);
    else if (value && waiting.some(({ id }) => id === value.call_id))
      answers[value.call_id] = readValue(value.output);
    else others.push(item);
  }
  return { answers: { ...decisionsOn(waiting, approvals, response_id), ...answers }, others };
}

function decisionsOn(
  waiting: readonly Interrupt[],
  approvals: Map<string, ApprovalAnswer>,
  response_id: string,
): Record<string, Json> {
  const answers: Record<string, Json> = {};
  let place = 0;
  for (const { id, value } of waiting) {
    const asked = actionsOf(value).map(() => approvalId(response_id, place++));
    const given = asked.flatMap((one) => approvals.get(one) ?? []);
    for (const one of asked) approvals.delete(one);
    if (given.length === 0) continue;
    if (given.length < asked.length)
      throw refusal(`Answer all of ${asked.join(", ")}: only ${given.length} of them are answered`);
    answers[id] = { decisions: given.map(decisionOf) };
  }
  const [unasked] = approvals.keys();
  if (unasked === undefined) return answers;
  throw refusal(`${JSON.stringify(unasked)} is not asked, or not any more`);
}

const decisionOf = ({ approve, reason }: ApprovalAnswer): JsonObject => {
  if (approve) return { type: "approve" };
  return reason ? { type: "reject", message: reason } : { type: "reject" };
};

/** JSON where it is, else the text itself. */
function readValue(text: string): Json {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    return text;
  }
}

const refusal = (message: string): AppError =>
  new AppError("validation", message, { details: { errors: [{ loc: ["body", "input"] }] } });
