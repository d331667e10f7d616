import type { Signals } from "./port.ts";

/** Where one process owns the database there is nobody else to tell or to hear. */
export const localSignals = (): Signals => ({
  notify: () => undefined,
  on: () => () => undefined,
  close: async () => undefined,
});
