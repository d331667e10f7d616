import { newId } from "../../core/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";

/**
 * Gives every message of an input an id before the run is stored, so that an input applied again
 * after a crash replaces its messages instead of adding them twice.
 */
export function withMessageIds(input: Json): Json {
  if (!isJsonObject(input)) return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [
      key,
      key === "messages" ? identified(value) : value,
    ]),
  );
}

function identified(messages: Json): Json {
  if (Array.isArray(messages)) return messages.map(identifiedOne);
  return identifiedOne(messages);
}

function identifiedOne(message: Json): Json {
  if (typeof message === "string") return { id: newId(), role: "user", content: message };
  if (isPair(message)) return { id: newId(), role: message[0], content: message[1] };
  if (!isMessage(message) || typeof message["id"] === "string") return message;
  return { ...message, id: newId() };
}

const isPair = (message: Json): message is [string, string] =>
  Array.isArray(message) &&
  message.length === 2 &&
  message.every((part) => typeof part === "string");

const isMessage = (message: Json): message is JsonObject =>
  isJsonObject(message) && ("role" in message || "type" in message) && "content" in message;
