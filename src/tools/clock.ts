import { tool } from "@langchain/core/tools";
import { z } from "zod";

const schema = z.object({
  timezone: z
    .string()
    .nullish()
    .describe("IANA time zone such as Asia/Shanghai; the server's own when left out."),
});

/** Tells the current date and time. */
export const clock = () =>
  tool(({ timezone }) => currentTime(timezone ?? undefined), {
    name: "clock",
    description: "Tells the current date, weekday and time.",
    schema,
  });

function currentTime(timezone: string | undefined): string {
  const timeZone = timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  const weekday = new Intl.DateTimeFormat("en", { timeZone, weekday: "long" });
  return `${format.format()} ${weekday.format()} (${timeZone})`;
}
