import { Cron as Pattern } from "croner";
import { AppError } from "../core/errors.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { User } from "./actor.ts";
import type { AccessFilter } from "./access-filter.ts";
import type { MultitaskStrategy, RunKwargs, StreamMode } from "./run.ts";

/** What the runs of a cron are started with. */
export interface CronPayload {
  assistant_id: string;
  input?: Json | undefined;
  config?: JsonObject | undefined;
  context?: JsonObject | undefined;
  webhook?: string | undefined;
  interrupt_before?: string[] | "*" | undefined;
  interrupt_after?: string[] | "*" | undefined;
  multitask_strategy?: MultitaskStrategy | undefined;
  durability?: RunKwargs["durability"] | undefined;
  stream_mode?: StreamMode[] | undefined;
  stream_subgraphs?: boolean | undefined;
  stream_resumable?: boolean | undefined;
}

export type CronPayloadChange = { [Key in keyof CronPayload]?: CronPayload[Key] | undefined };

/** A run that is started again and again. Times are milliseconds since the epoch. */
export interface Cron {
  cron_id: string;
  assistant_id: string;
  /** Null for runs that each have a thread of their own. */
  thread_id: string | null;
  /** Five fields, or six with seconds first. */
  schedule: string;
  /** IANA name; null is UTC. */
  timezone: string | null;
  end_time: number | null;
  enabled: boolean;
  on_run_completed: "delete" | "keep";
  payload: CronPayload;
  metadata: JsonObject;
  /** On whose behalf its runs are started; null for the server itself. */
  created_by: User | null;
  /** The slot it waits for; null when there is none any more. */
  next_run_at: number | null;
  created_at: number;
  updated_at: number;
}

export type CronChange = Partial<
  Omit<Cron, "cron_id" | "thread_id" | "created_at" | "created_by">
> & {
  updated_at: number;
};

export interface CronFilter {
  assistant_id?: string | undefined;
  thread_id?: string | undefined;
  enabled?: boolean | undefined;
  metadata?: JsonObject | undefined;
  access?: AccessFilter | undefined;
}

export const CRON_SORTS = [
  "cron_id",
  "assistant_id",
  "thread_id",
  "created_at",
  "updated_at",
  "next_run_date",
] as const;
export type CronSort = Exclude<(typeof CRON_SORTS)[number], "next_run_date"> | "next_run_at";

const SCHEDULE_FORM =
  "five fields (minute hour day month weekday), or six with seconds first, such as 0 9 * * MON-FRI";

function checkZone(timezone: string | null): void {
  if (timezone === null) return;
  try {
    if (/^[A-Za-z]/.test(timezone)) {
      new Intl.DateTimeFormat("en", { timeZone: timezone }).format(0);
      return;
    }
  } catch {
    // Said below.
  }
  throw new AppError(
    "validation",
    `timezone: ${JSON.stringify(timezone)} is no IANA time zone such as Asia/Shanghai`,
  );
}

function patternOf(schedule: string, timezone: string | null): Pattern {
  const isPattern = /^@[a-z]+$/i.test(schedule.trim()) || schedule.trim().split(/\s+/).length >= 5;
  try {
    if (!isPattern) throw new TypeError("it has too few fields");
    return new Pattern(schedule, {
      paused: true,
      mode: "5-or-6-parts",
      timezone: timezone ?? "UTC",
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Cron\w*: /, "") : "";
    throw new AppError(
      "validation",
      `schedule: ${JSON.stringify(schedule)} is not valid (${reason}); it has ${SCHEDULE_FORM}`,
    );
  }
}

type Schedule = Pick<Cron, "schedule" | "timezone" | "end_time">;

/** The first slot after a time, null when there is none before the end; throws a validation error for a bad schedule or zone. */
export function nextSlot({ schedule, timezone, end_time }: Schedule, after: number): number | null {
  checkZone(timezone);
  const at = patternOf(schedule, timezone).nextRun(new Date(after))?.getTime();
  return at === undefined || (end_time !== null && at > end_time) ? null : at;
}

/** How late a slot may be and still count as met; a later one was missed. */
const GRACE_MS = 60_000;

/** What to do about a slot that has come: start its run or not, and which slot to wait for then. */
export function slotPlan(
  cron: Schedule & { next_run_at: number },
  now: number,
  catchUp: "once" | "skip",
): { fires: boolean; next: number | null } {
  const isMissed = now - cron.next_run_at > GRACE_MS;
  return {
    fires: !isMissed || catchUp === "once",
    next: nextSlot(cron, isMissed ? now : cron.next_run_at),
  };
}
