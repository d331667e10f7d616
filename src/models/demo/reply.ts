import type { DemoRequest } from "./request.ts";
import { sampleArguments } from "./sample-arguments.ts";
import {
  asksName,
  asksTime,
  asksToThink,
  expressionIn,
  isChinese,
  nameTold,
} from "./understanding.ts";

const MAX_ECHO_CHARACTERS = 200;

export interface DemoToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** What the demo says to a request: always the same for the same messages. */
export interface DemoReply {
  readonly reasoning: string;
  readonly content: string;
  readonly toolCalls: readonly DemoToolCall[];
}

/** Answers from the messages alone, with no model behind it. */
export function demoReply(request: DemoRequest): DemoReply {
  const asked = request.messages.findLast(({ role }) => role === "user")?.text ?? "";
  const toolCalls = chooseTools(request, asked);
  const content = toolCalls.length > 0 ? "" : answer(request, asked);
  return { reasoning: reasoning(request, asked), content, toolCalls };
}

function chooseTools({ messages, tools, forcedTool }: DemoRequest, asked: string): DemoToolCall[] {
  if (forcedTool !== undefined)
    return [{ name: forcedTool, arguments: sampleArguments(tools.get(forcedTool), asked) }];
  if (messages.at(-1)?.role === "tool") return [];
  const calls: DemoToolCall[] = [];
  const expression = expressionIn(asked);
  if (expression !== undefined && tools.has("calculator"))
    calls.push({ name: "calculator", arguments: { input: expression } });
  if (asksTime(asked) && tools.has("clock")) calls.push({ name: "clock", arguments: {} });
  return calls;
}

function answer({ messages }: DemoRequest, asked: string): string {
  const results = trailingToolResults(messages);
  const zh = isChinese(asked);
  if (results.length > 0) return toolAnswer(results.join(zh ? "；" : "; "), zh);
  if (asksName(asked)) return nameAnswer(messages, zh);
  const name = nameTold(asked);
  if (name !== undefined)
    return zh
      ? `你好，${name}！我记住你的名字了。我是 Kagari 的离线演示，不是语言模型。`
      : `Hello, ${name}! I will remember your name. I am Kagari's offline demo, not a language model.`;
  return echo(asked, zh);
}

function trailingToolResults(messages: DemoRequest["messages"]): string[] {
  const start = messages.findLastIndex(({ role }) => role !== "tool") + 1;
  return messages.slice(start).map(({ text }) => text);
}

const toolAnswer = (result: string, zh: boolean): string =>
  zh
    ? `工具的结果是：${result}。（Kagari 离线演示）`
    : `The tool says: ${result}. (Kagari's offline demo)`;

function nameAnswer(messages: DemoRequest["messages"], zh: boolean): string {
  const told = messages.filter(({ role }) => role === "user").map(({ text }) => nameTold(text));
  const name = told.findLast((found) => found !== undefined);
  if (name === undefined)
    return zh ? "你还没有告诉我你的名字。" : "You have not told me your name yet.";
  return zh ? `你叫${name}。` : `Your name is ${name}.`;
}

function echo(asked: string, zh: boolean): string {
  const quoted = asked.trim().slice(0, MAX_ECHO_CHARACTERS);
  return zh
    ? `我收到了：“${quoted}”。我是 Kagari 的离线演示，不是语言模型；在 config/models 里配置一个模型并设置密钥，就能得到真正的回答。`
    : `I received: "${quoted}". I am Kagari's offline demo, not a language model; set the key of a model in config/models to get real answers.`;
}

function reasoning({ thinking }: DemoRequest, asked: string): string {
  if (thinking === false || (thinking === undefined && !asksToThink(asked))) return "";
  return isChinese(asked)
    ? "（演示）我先看最后一条消息，再看前面的对话，然后按固定规则作答。"
    : "(demo) I look at the last message, then at the ones before it, and answer by fixed rules.";
}
