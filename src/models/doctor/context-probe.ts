import { isOverflow } from "../failures/overflow.ts";
import type { Finding } from "./finding.ts";
import type { Patient } from "./patient.ts";

/** How far above its limit a prompt is made: limits are counted by other tokenizers than ours. */
const EXCESS = 1.3;
const PROBE = "context limit";
/** Sends one prompt above the limit of the file, which a server must refuse in words that we know. */
export async function probeContext(patient: Patient): Promise<Finding> {
  const { input_tokens: input, context_window: window } = patient.model.fields;
  const limit = window ?? input;
  const about = { probe: PROBE, isFault: false } as const;
  if (limit === undefined)
    return {
      ...about,
      verdict: "skipped",
      detail: "the file has neither input_tokens nor context_window",
    };
  const words = Math.ceil(limit * EXCESS) + 64;
  const prompt = `${"word ".repeat(words)}\nReply with the single word pong.`;
  const reply = await patient.ask({ probe: PROBE, prompt, overrides: { maxTokens: 16 } });
  shorten(patient, words);
  if (reply.problem === undefined)
    return {
      ...about,
      verdict: "no",
      detail: `took about ${words} tokens: more than the file says, or cut them silently`,
    };
  const { problem, code } = reply;
  const codes = code === undefined ? [] : [code];
  if (isOverflow(patient.model.dialect, { codes, message: problem }))
    return { ...about, verdict: "yes", detail: `refused: ${reply.problem}` };
  return {
    ...about,
    verdict: "unsure",
    detail: `not known as a refusal for length: ${reply.problem}`,
  };
}

/** Nobody wants to read the long prompt again. */
function shorten(patient: Patient, words: number): void {
  const last = patient.requests.at(-1);
  if (last === undefined || typeof last.body !== "object" || last.body === null) return;
  const messages = [{ role: "user", content: `(about ${words} tokens)` }];
  patient.requests.splice(-1, 1, { ...last, body: { ...last.body, messages } });
}
