import { z } from "zod";
import { isJsonObject } from "../../core/json.ts";

/** What a terminal shows of an answer while it comes. */
export type Piece =
  | { kind: "text" | "thinking"; text: string }
  | { kind: "progress"; text: string }
  | { kind: "call"; id: string; name: string; args: unknown }
  | { kind: "result"; name: string; text: string }
  | { kind: "question"; id: string; value: unknown }
  | { kind: "error"; name: string; message: string };

interface StreamPart {
  event: string;
  data: unknown;
}

const Call = z.object({ id: z.string().nullish(), name: z.string(), args: z.unknown() });
const Message = z.looseObject({
  type: z.string(),
  content: z.unknown(),
  name: z.string().nullish(),
  additional_kwargs: z.looseObject({ reasoning_content: z.string().nullish() }).nullish(),
  tool_calls: z.array(Call).nullish().catch(undefined),
});
const Question = z.object({ id: z.string().default(""), value: z.unknown() });
const Failure = z.object({ error: z.string(), message: z.string() });

/** The pieces of one server-sent event of the modes messages-tuple, updates and custom. */
export function piecesOf({ event, data }: StreamPart): Piece[] {
  const mode = event.split("|")[0];
  if (mode === "messages" && Array.isArray(data)) return ofMessage(data[0]);
  if (mode === "updates" && isJsonObject(data)) return Object.entries(data).flatMap(ofUpdate);
  if (mode === "custom") return [{ kind: "progress", text: textOfProgress(data) }];
  const failure = mode === "error" ? Failure.safeParse(data).data : undefined;
  return failure ? [{ kind: "error", name: failure.error, message: failure.message }] : [];
}

function ofMessage(data: unknown): Piece[] {
  const message = Message.safeParse(data).data;
  if (!message) return [];
  const text = textOf(message.content);
  if (message.type === "tool") return [{ kind: "result", name: message.name ?? "tool", text }];
  if (message.type !== "AIMessageChunk" && message.type !== "ai") return [];
  const thinking = message.additional_kwargs?.reasoning_content ?? "";
  const pieces: Piece[] = [];
  if (thinking !== "") pieces.push({ kind: "thinking", text: thinking });
  if (text !== "") pieces.push({ kind: "text", text });
  return pieces;
}

function ofUpdate([node, update]: [string, unknown]): Piece[] {
  if (!Array.isArray(update) && !isJsonObject(update)) return [];
  if (node === "__interrupt__")
    return listOf(update).flatMap((item) => {
      const question = Question.safeParse(item).data;
      return question ? [{ kind: "question", ...question }] : [];
    });
  return listOf(isJsonObject(update) ? update["messages"] : undefined).flatMap((item) =>
    (Message.safeParse(item).data?.tool_calls ?? []).map(({ id, name, args }): Piece => ({
      kind: "call",
      id: id ?? name,
      name,
      args,
    })),
  );
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** The text of message content, a string or a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return listOf(content)
    .map((block) => (isJsonObject(block) && typeof block["text"] === "string" ? block["text"] : ""))
    .join("");
}

function textOfProgress(data: unknown): string {
  const said = isJsonObject(data) ? (data["text"] ?? data["message"] ?? data["progress"]) : data;
  return typeof said === "string" ? said : JSON.stringify(data);
}
