import type { Context } from "../context.ts";
import { AppError } from "../core/errors.ts";

/** Refuses new work once the server is on its way down. */
export function refuseWhileDraining({ lifecycle }: Context): void {
  if (lifecycle.isDraining)
    throw new AppError("unavailable", "The server is shutting down; try again", {
      details: { retry_after_seconds: 10 },
    });
}
