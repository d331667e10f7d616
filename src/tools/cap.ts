import { ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { z } from "zod";
import { originOf, type ConfigLike } from "../models/call.ts";
import type { KeptFile } from "../models/files/file-store-port.ts";
import { currentRuntime } from "../models/runtime.ts";

/** Nothing longer is kept of a result, in characters. */
const MAX_KEPT = 16 * 1024 * 1024;

/** How a message tells where the whole of its result is. */
const KEPT_RESULT = "kept_result";

export interface Cap {
  /** The tool whose result it is. */
  readonly name: string;
  readonly config: ConfigLike | undefined;
  /** Longest result that a model is given whole, in characters. */
  readonly limit: number;
}

/** By shape: a tool may come with its own copy of LangGraph. */
const commandSchema = z.looseObject({ lg_name: z.literal("Command"), update: z.unknown() });

/**
 * What a tool gave, with everything longer than the limit kept as a file: the model gets its beginning
 * and the id by which read_result goes on. A command's other updates are the graph's own affair.
 */
export async function capResult(result: unknown, cap: Cap): Promise<unknown> {
  if (typeof result === "string") return (await capText(result, cap)).text;
  if (ToolMessage.isInstance(result)) return await capMessage(result, cap);
  if (Array.isArray(result)) return await Promise.all(result.map((one) => capResult(one, cap)));
  if (commandSchema.safeParse(result).success) return await capCommand(result as CommandLike, cap);
  return result;
}

/** An error whose message is no longer than what a model is given. */
export function shortened(error: unknown, limit: number): unknown {
  if (!(error instanceof Error) || error.message.length <= limit) return error;
  return new Error(`${headOf(error.message, limit)} [${error.message.length} characters]`, {
    cause: error.name,
  });
}

/** Whether a message tells of a result that is kept elsewhere. */
export const isKeptElsewhere = (message: BaseMessage): boolean =>
  message.additional_kwargs[KEPT_RESULT] !== undefined;

interface CommandLike {
  update?: unknown;
}

async function capCommand(command: CommandLike, cap: Cap): Promise<unknown> {
  const { update } = command;
  if (typeof update !== "object" || update === null) return command;
  const entries: [string, unknown][] = Array.isArray(update) ? update : Object.entries(update);
  const capped = await Promise.all(
    entries.map(async ([key, value]): Promise<[string, unknown]> => [
      key,
      Array.isArray(value) || ToolMessage.isInstance(value) ? await capResult(value, cap) : value,
    ]),
  );
  command.update = Array.isArray(update) ? capped : Object.fromEntries(capped);
  return command;
}

async function capMessage(message: ToolMessage, cap: Cap): Promise<ToolMessage> {
  const content = await capContent(message.content, cap);
  const artifact: unknown = await capArtifact(message.artifact, cap);
  if (content === undefined && artifact === message.artifact) return message;
  const { id, name, tool_call_id, status, metadata, response_metadata } = message;
  return new ToolMessage({
    tool_call_id,
    response_metadata,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status }),
    ...(metadata === undefined ? {} : { metadata }),
    content: content?.text ?? message.content,
    additional_kwargs: {
      ...message.additional_kwargs,
      ...(content?.kept === undefined ? {} : { [KEPT_RESULT]: content.kept }),
    },
    ...(artifact === undefined ? {} : { artifact }),
  });
}

interface Capped {
  readonly text: string;
  readonly kept?: KeptFile & { characters: number };
}

/** Undefined for a content that is short enough. */
async function capContent(content: ToolMessage["content"], cap: Cap): Promise<Capped | undefined> {
  if (typeof content === "string")
    return content.length <= cap.limit ? undefined : await capText(content, cap);
  if (sizeOf(content) <= cap.limit) return undefined;
  const parts = await Promise.all(content.map((part) => textOf(part, cap)));
  return await capText(parts.join("\n"), cap);
}

async function textOf(part: Record<string, unknown>, cap: Cap): Promise<string> {
  if (typeof part["text"] === "string") return part["text"];
  const media = mediaOf(part);
  if (media === undefined) return JSON.stringify(part);
  const { id, url } = await keep(media, cap);
  return `[${media.contentType}, ${media.bytes.length} bytes, kept as file ${id}: ${url}]`;
}

const mediaSchema = z
  .object({ data: z.string(), mimeType: z.string().nullish(), mime_type: z.string().nullish() })
  .transform(({ data, ...part }) => ({ data, type: part.mimeType ?? part.mime_type }));

/** The bytes in a part of LangChain's or MCP's shape, or in a data URL. */
function mediaOf(part: Record<string, unknown>) {
  const given = mediaSchema.safeParse(part);
  const inUrl = /"data:([^;,"]+);base64,([^"]*)"/.exec(JSON.stringify(part));
  const [type, data] = given.success ? [given.data.type, given.data.data] : (inUrl?.slice(1) ?? []);
  if (data === undefined) return undefined;
  return { contentType: type ?? "application/octet-stream", bytes: Buffer.from(data, "base64") };
}

async function capText(text: string, cap: Cap): Promise<Capped> {
  if (text.length <= cap.limit) return { text };
  const whole = headOf(text, MAX_KEPT);
  const head = headOf(text, cap.limit);
  const { id, url } = await keep({ bytes: Buffer.from(whole), contentType: "text/plain" }, cap);
  const lost = whole.length === text.length ? "" : ` Only ${whole.length} of them are kept.`;
  const note = `The result has ${text.length} characters, of which these are the first ${head.length}.${lost} It is kept as file ${id} (${url}): read_result with this id and offset ${head.length} reads on.`;
  return { text: `${head}\n[${note}]`, kept: { id, url, characters: whole.length } };
}

async function capArtifact(artifact: unknown, cap: Cap): Promise<unknown> {
  if (artifact === undefined || sizeOf(artifact) <= cap.limit) return artifact;
  const bytes = Buffer.from(headOf(JSON.stringify(artifact), MAX_KEPT));
  return { [KEPT_RESULT]: await keep({ bytes, contentType: "application/json" }, cap) };
}

const keep = async (
  content: { bytes: Buffer; contentType: string },
  { config }: Cap,
): Promise<KeptFile> =>
  await currentRuntime().files.keep({ ...content, goesWithThread: true }, originOf(config));

const sizeOf = (value: unknown): number => JSON.stringify(value)?.length ?? 0;

/** The beginning of a text, never half of a sign. */
export function headOf(text: string, length: number): string {
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(length - 1)) && text.length > length;
  return text.slice(0, isHalf ? length - 1 : length);
}
