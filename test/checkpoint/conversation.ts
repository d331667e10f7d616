import { AIMessage, HumanMessage, RemoveMessage, type BaseMessage } from "@langchain/core/messages";
import {
  Annotation,
  MessagesAnnotation,
  messagesDeltaReducer,
  DeltaChannel,
  REMOVE_ALL_MESSAGES,
  START,
  StateGraph,
  type BaseCheckpointSaver,
} from "@langchain/langgraph";

export const LONG =
  "a text that is long enough to be kept apart from the list that it stands in, 长文. ";

const Log = Annotation<string[]>({
  reducer: (left, right) => [...left, ...right],
  default: () => [],
});
const Plan = Annotation<string>;
const PlainState = Annotation.Root({ ...MessagesAnnotation.spec, log: Log, plan: Plan });
const DeltaState = Annotation.Root({
  messages: () => new DeltaChannel(messagesDeltaReducer, { snapshotFrequency: 7 }),
  log: Log,
  plan: Plan,
});

const replyOf = (name: string) => new AIMessage({ id: name, content: `${name} ${LONG}` });

type Deed = (messages: BaseMessage[], old: BaseMessage, name: string) => BaseMessage[];

/** What a node may do with its messages, one of which is `old`; `name` is new each time. */
export const DEEDS: Record<string, Deed> = {
  reply: (_messages, _old, name) => [replyOf(name)],
  edit: (_, { id = "" }, name) => [new HumanMessage({ id, content: `edited ${name} ${LONG}` })],
  mutate: (_, old, name) => {
    old.content = `mutated ${name} ${LONG}`;
    return [old];
  },
  "mutate within": (_, old, name) => {
    old.additional_kwargs["within"] = name;
    return [old];
  },
  remove: (_, { id = "" }) => [new RemoveMessage({ id })],
  reorder: (messages, _, name) => [
    new RemoveMessage({ id: REMOVE_ALL_MESSAGES }),
    ...messages.toReversed(),
    replyOf(name),
  ],
  whole: (messages, _, name) => [...messages, replyOf(name)],
  twin: (_messages, _old, name) =>
    ["1", "2"].map((twin) => new AIMessage({ id: `${name}-${twin}`, content: LONG + LONG })),
};

function act(messages: BaseMessage[], [what = "", place = "0", name = ""]: string[]) {
  const old = messages[Number(place) % messages.length];
  return (old && DEEDS[what]?.(messages, old, name)) ?? [replyOf(name)];
}

const nodeOf = ({ messages, plan }: { messages: BaseMessage[]; plan: string }) => ({
  messages: act(messages, plan.split("|")),
  log: [plan],
});

/** A graph whose node does to its messages what the plan says. */
export const plainGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(PlainState).addNode("act", nodeOf).addEdge(START, "act").compile({ checkpointer });

/** The same in a graph within a graph, with a namespace of its own. */
export const nestedGraph = (checkpointer: BaseCheckpointSaver) => {
  const State = Annotation.Root({ ...MessagesAnnotation.spec, plan: Plan });
  const inner = new StateGraph(State)
    .addNode("act", ({ messages, plan }) => ({ messages: act(messages, plan.split("|")) }))
    .addEdge(START, "act")
    .compile();
  return new StateGraph(PlainState)
    .addNode("within", inner)
    .addEdge(START, "within")
    .compile({ checkpointer });
};

/** The same with a channel that is stored as what was written to it. */
export const deltaGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(DeltaState)
    .addNode("act", (state) => nodeOf(state))
    .addEdge(START, "act")
    .compile({ checkpointer });
