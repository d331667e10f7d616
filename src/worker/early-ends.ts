import type { EventWriter } from "../bus/port.ts";
import type { JsonObject } from "../core/json.ts";
import type { RunOutcome } from "../domain/run.ts";

/** What does not end by itself so long after its abort is left behind: its fence keeps it from writing. */
const ABANDON_MS = 1000;

type Failure = JsonObject & { error: string; message: string };

function failed(
  writer: EventWriter,
  { status, failure }: { status: "error" | "timeout"; failure: Failure },
): RunOutcome {
  writer.append({ kind: "error", error: failure.error, message: failure.message });
  return { status, error: failure, rest_status: "error", interrupts: {} };
}

/** The end of a run that somebody cancelled. */
export const cancelled = (): RunOutcome => ({
  status: "interrupted",
  error: null,
  rest_status: "idle",
  interrupts: {},
});

/** The end of a run that ended its workers again and again; the writer is told why. */
export const poisoned = (crashes: number, writer: EventWriter): RunOutcome =>
  failed(writer, {
    status: "error",
    failure: {
      error: "PoisonedRun",
      message: `The run ended its worker ${crashes} times and is not tried again`,
    },
  });

/** The end of a run that took longer than it may. */
export const timedOut = (limitMs: number, writer: EventWriter): RunOutcome =>
  failed(writer, {
    status: "timeout",
    failure: {
      error: "RunTimeout",
      message: `The run took longer than its limit of ${limitMs / 1000} seconds`,
    },
  });

/** The end of a run that failed for a reason that is not for its client to see. */
export const failedInside = (writer: EventWriter): RunOutcome =>
  failed(writer, {
    status: "error",
    failure: {
      error: "InternalError",
      message: "The run failed inside the server; its log has the reason",
    },
  });

/** Rejects a while after the abort; a graph may hold code that takes no notice of it. */
export function abandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      "abort",
      () => setTimeout(() => reject(new Error("It did not end when aborted")), ABANDON_MS).unref(),
      { once: true },
    );
  });
}
