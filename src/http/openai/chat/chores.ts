import { type ChatRequest, textOf } from "./request.ts";

/** What chat clients ask by themselves, for the sake of their own pages: a title, tags, what to ask next. */
const CHORES: readonly RegExp[] = [
  // Open WebUI: titles, tags, follow-ups, queries, completions of what is being typed.
  /^### Task:\s/,
  // LibreChat.
  /Provide a concise, 5-word-or-less title for the conversation/i,
  /Write a concise title for this conversation/i,
  // NextChat, in both of its languages.
  /Please generate a four to five word title summarizing our conversation/i,
  /使用四到五个字直接返回这句话的简要主题/,
  /简要总结一下对话内容，用作后续的上下文提示 prompt/,
  /Summarize the discussion briefly in 200 words or less to use as a prompt for future context/i,
  // Cherry Studio and its kin.
  /summarize the (?:user's )?conversation into a title/i,
  /将(?:用户的)?(?:对话|会话)总结为(?:一个)?.{0,20}标题/,
  // Chatbox, LobeChat.
  /Based on the chat history, give this conversation a name/i,
  /(?:请|你)?.{0,20}将.{0,10}(?:对话|会话).{0,10}总结为.{0,10}字以内的.{0,4}标题/,
];

/** Where in a conversation such a request stands: its first words, or its last ones. */
export function isChore({ messages, tools }: ChatRequest): boolean {
  if (Array.isArray(tools) && tools.length > 0) return false;
  const [first] = messages;
  const last = messages.at(-1);
  return [first, last].some((message) => {
    const text = textOf(message?.content).trim();
    return CHORES.some((chore) => chore.test(text));
  });
}
