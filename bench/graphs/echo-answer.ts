import { AIMessage, type BaseMessage } from "@langchain/core/messages";

/** The last message's text, as an answer. */
export const echo = (messages: BaseMessage[]): AIMessage =>
  new AIMessage(messages.at(-1)?.text ?? "");
