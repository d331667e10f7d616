import { chatModel } from "kagari/graphkit";
import { messageGraph } from "./message-graph.ts";

const model = chatModel();

/** One call of the configured model. */
export const graph = messageGraph((messages, config) => model.invoke(messages, config)).compile();
