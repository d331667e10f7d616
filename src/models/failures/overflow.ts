import type { Dialect } from "../dialects/index.ts";

/** The words by which servers say that a prompt is too long. */
const OVERFLOW =
  /context[_ ]?(?:length|window|size)|maximum context|maximum model length|input length|too (?:long|many tokens)|max(?:imum)?[_ ]?(?:input|prompt|model)[_ ]?(?:tokens|len)|exceed\w* .{0,40}(?:token|context|length)|prompt is too long/i;

/** Whether a refusal says that the prompt is longer than the model takes. */
export function isOverflow(
  dialect: Dialect,
  { codes, message }: { codes: readonly string[]; message: string },
): boolean {
  const { overflowCodes = [], overflowText } = dialect;
  if (codes.some((code) => overflowCodes.includes(code))) return true;
  const words = [...codes, message].join(" ");
  return OVERFLOW.test(words) || overflowText?.test(words) === true;
}
