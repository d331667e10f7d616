import { z } from "zod";
import { isChannel } from "../../domain/protocol.ts";

const MAX_CHANNELS = 100;

/** What a client wants to hear of a thread; unknown fields are those of a newer client. */
export const subscribe = z.object({
  channels: z.array(z.string().refine(isChannel, "unknown channel")).min(1).max(MAX_CHANNELS),
  namespaces: z
    .array(z.array(z.string()))
    .nullish()
    .transform((value) => value ?? undefined),
  depth: z
    .int()
    .nonnegative()
    .nullish()
    .transform((value) => value ?? undefined),
  since: z
    .number()
    .nonnegative()
    .nullish()
    .transform((value) => value ?? undefined),
});

/** The place in a thread that an event id stands for; undefined when it is none of ours. */
export function seqOf(eventId: string | null | undefined): number | undefined {
  const seq = /^(\d{1,16})\.\d+$/.exec(eventId ?? "")?.[1];
  return seq === undefined ? undefined : Number(seq);
}
