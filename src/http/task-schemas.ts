import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
import { TASK_KINDS, TASK_STATUSES, type ChatInput, type ImageInput } from "../domain/task.ts";
import { chatBody } from "./openai/chat/request.ts";
import { imagesBody } from "./openai/schemas.ts";
import { absent, jsonObject, slice, uuid } from "./schemas.ts";

const common = {
  model: absent(z.string().min(1).max(200)),
  webhook: absent(z.string()),
  metadata: absent(jsonObject),
};

const chatInput = chatBody
  .pick({ messages: true })
  .loose()
  // What the router has parsed is JSON.
  .transform((input) => withoutUndefined(input) as ChatInput);

const imageInput = imagesBody
  .omit({ model: true, response_format: true })
  .transform((input) => withoutUndefined(input) as ImageInput);

/** A field that is not there is not kept. */
const withoutUndefined = (input: object): JsonObject => JSON.parse(JSON.stringify(input));

export const taskCreate = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("chat"), input: chatInput, ...common }),
  z.object({ kind: z.literal("image"), input: imageInput, ...common }),
]);

export const taskParams = z.object({ task_id: uuid });

export const taskList = z.object({
  ...slice,
  kind: absent(z.enum(TASK_KINDS)),
  status: absent(z.enum(TASK_STATUSES)),
  model: absent(z.string()),
});
