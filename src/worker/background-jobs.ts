import type { Background, Context } from "../context.ts";
import { Loop } from "./loop.ts";
import { fireDueCrons } from "./scheduler.ts";
import { createSweeper } from "./sweeper.ts";
import { advanceDue } from "./tasks.ts";
import { deliverDue } from "./webhooks.ts";

/** Crons, tasks and webhooks are looked for this often. */
const TICK_MS = 1000;
const SWEEP_MS = 60_000;

/** Crons, tasks, webhooks and making room, each in a loop of its own. */
export class BackgroundJobs implements Background {
  #loops: Loop[] = [];

  start(ctx: Context): void {
    const loopOf = (what: string, job: (signal: AbortSignal) => Promise<void>, everyMs: number) => {
      const loop = new Loop(job, (error) => ctx.log.error({ err: error }, `${what} failed`));
      loop.start(everyMs);
      return loop;
    };
    this.#loops = [
      loopOf("firing crons", (signal) => fireDueCrons(ctx, signal), TICK_MS),
      loopOf("going on with tasks", (signal) => advanceDue(ctx, signal), TICK_MS),
      loopOf("delivering webhooks", (signal) => deliverDue(ctx, signal), TICK_MS),
      loopOf("making room", createSweeper(ctx), SWEEP_MS),
    ];
  }

  async tick(): Promise<void> {
    for (const loop of this.#loops) await loop.tick();
  }

  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.close()));
  }
}
