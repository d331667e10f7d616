const CJK_TOKENS = 0.65;
const OTHER_CHARACTERS_PER_TOKEN = 3.7;
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_MEDIA_PART = 1000;
/** Tokens of a text, estimated without any vocabulary. */
export function estimateText(text: string): number {
  let cjk = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x2e80 && isCjk(code)) cjk++;
  }
  return Math.ceil(cjk * CJK_TOKENS + (text.length - cjk) / OTHER_CHARACTERS_PER_TOKEN);
}

/** A message as far as it is counted: LangChain's, or one of the wire. */
export interface Countable {
  readonly content?: unknown;
  readonly tool_calls?: unknown;
}

/** Tokens of one message, with its tool calls and what the wire adds to each message. */
export function estimateMessage(message: Countable): number {
  let tokens = TOKENS_PER_MESSAGE + estimateContent(message.content);
  if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0)
    tokens += estimateText(JSON.stringify(message.tool_calls));
  return tokens;
}

/** Tokens of tool definitions as they go over the wire. */
export const estimateTools = (tools: readonly unknown[]): number =>
  tools.length === 0 ? 0 : estimateText(JSON.stringify(tools));

/** Tokens of message content: text by its characters, any other part by a flat guess. */
export function estimateContent(content: unknown): number {
  if (typeof content === "string") return estimateText(content);
  if (!Array.isArray(content)) return 0;
  let tokens = 0;
  for (const part of content as unknown[]) tokens += estimatePart(part);
  return tokens;
}

function estimatePart(part: unknown): number {
  if (typeof part === "string") return estimateText(part);
  if (typeof part !== "object" || part === null) return 0;
  if ("text" in part && typeof part.text === "string") return estimateText(part.text);
  return TOKENS_PER_MEDIA_PART;
}

/** CJK scripts, kana, hangul, full-width forms, and the surrogates of emoji and rare ideographs. */
function isCjk(code: number): boolean {
  return (
    code <= 0x9fff ||
    (code >= 0xac00 && code <= 0xdfff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff00 && code <= 0xffef)
  );
}
