import { AIMessage, SystemMessage } from "@langchain/core/messages";
import {
  END,
  interrupt,
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ChatContext, chatModel, fitMessages, systemPrompt } from "kagari/graphkit";
import { z } from "zod";

const Action = z.object({ name: z.literal("send_message"), args: z.object({ text: z.string() }) });

const ApprovalState = new StateSchema({
  messages: MessagesValue,
  action: Action.nullish().describe("What waits for approval, or was last decided on."),
  approved: z.boolean().nullish(),
});

type State = typeof ApprovalState.State;
type Action = z.infer<typeof Action>;

const Edited = z.object({ name: z.string().optional(), args: Action.shape.args });

const Decision = z.union([
  z.object({ type: z.enum(["approve", "accept"]) }).transform(() => ({ type: "approve" as const })),
  z.object({ type: z.literal("edit"), edited_action: Edited }),
  z
    .object({ type: z.literal("edit"), editedAction: Edited })
    .transform(({ editedAction }) => ({ type: "edit" as const, edited_action: editedAction })),
  z
    .object({ type: z.enum(["reject", "ignore"]), message: z.string().nullish() })
    .transform(({ message }) => ({ type: "reject" as const, message: message ?? "" })),
]);

type Decision = z.infer<typeof Decision>;

async function draft({ messages }: State, config: LangGraphRunnableConfig) {
  const { text: system, model } = systemPrompt("approval", config);
  const fitting = fitMessages(messages, { config, overrides: { model }, system });
  const question = [new SystemMessage(system), ...fitting];
  const answer = await chatModel({ model }).invoke(question, config);
  const action: Action = { name: "send_message", args: { text: answer.text } };
  return { action, approved: null };
}

function review({ action }: State) {
  if (!action) return { approved: false };
  const decision = askHuman(action);
  if (decision.type === "reject") {
    const reason = decision.message === "" ? "" : ` (${decision.message})`;
    return { approved: false, messages: [new AIMessage(`Not sent${reason}.`)] };
  }
  const args = decision.type === "edit" ? decision.edited_action.args : action.args;
  return { approved: true, action: { ...action, args } };
}

/** Asks in the schema that agent-chat-ui and Studio show, and again where the answer is none of it. */
function askHuman(action: Action): Decision {
  const reviewConfig = {
    action_name: action.name,
    allowed_decisions: ["approve", "edit", "reject"],
  };
  for (let description = "Send this message?"; ; description = "Please approve, edit or reject.") {
    const answer: unknown = interrupt({
      action_requests: [{ ...action, description }],
      review_configs: [reviewConfig],
    });
    const decision = Decision.safeParse(firstDecision(answer));
    if (decision.success) return decision.data;
  }
}

/** `{decisions: [decision]}`, `[decision]`, a decision, or its bare word. */
function firstDecision(answer: unknown): unknown {
  if (typeof answer === "string") return { type: answer };
  if (Array.isArray(answer)) return firstDecision(answer[0]);
  if (typeof answer === "object" && answer !== null && "decisions" in answer)
    return firstDecision(answer.decisions);
  return answer;
}

/** The side effect: after the interrupt, so that a resumed run does it once. */
function send({ action }: State) {
  return { messages: [new AIMessage(`Sent: ${action?.args.text ?? ""}`)] };
}

/** Drafts a message, waits for a human to approve, edit or reject it, then sends it. */
export const graph = new StateGraph(ApprovalState, ChatContext)
  .addNode("draft", draft)
  .addNode("review", review)
  .addNode("send", send)
  .addEdge(START, "draft")
  .addEdge("draft", "review")
  .addConditionalEdges("review", ({ approved }) => (approved === true ? "send" : END), [
    "send",
    END,
  ])
  .addEdge("send", END)
  .compile();
