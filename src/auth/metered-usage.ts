import type { UsagePort } from "../models/usage-port.ts";
import type { Guard } from "./guard-port.ts";

/** Tells the guard what each key uses, before the ledger keeps it; holds are the ledger's alone. */
export const meteredUsage = (
  usage: Required<UsagePort>,
  guard: Pick<Guard, "spend">,
): Required<UsagePort> => ({
  hold: (planned) => usage.hold(planned),
  record(call) {
    if (call.keyId !== undefined) guard.spend(call.keyId, call.totalTokens);
    return usage.record(call);
  },
});
