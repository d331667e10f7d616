import { echo } from "./echo-answer.ts";
import { messageGraph } from "./message-graph.ts";

/** Says the last message again, without a model. */
export const graph = messageGraph(echo).compile();
