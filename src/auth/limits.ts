import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { ApiKey } from "../domain/api-key.ts";
import { MinuteWindow } from "./windows.ts";

interface Counts {
  requests: MinuteWindow;
  tokens: MinuteWindow;
  open: number;
}

/** How much the keys are used by this process right now. */
export class KeyUse {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Counts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a request in, or refuses it; answers how to count it out where that matters. */
  admit(key: ApiKey): (() => void) | undefined {
    const { requests_per_minute: rpm, tokens_per_minute: tpm, concurrency } = key;
    if (rpm === null && tpm === null && concurrency === null) return undefined;
    const counts = this.#of(key.key_id);
    const now = this.#clock.now();
    const { requests, tokens } = counts;
    if (rpm !== null && requests.sum(now) >= rpm)
      throw tooMany(`${rpm} requests a minute`, requests.secondsUntilBelow(rpm, now));
    if (tpm !== null && tokens.sum(now) >= tpm)
      throw tooMany(`${tpm} tokens a minute`, tokens.secondsUntilBelow(tpm, now));
    if (concurrency !== null && counts.open >= concurrency)
      throw tooMany(`${concurrency} requests at the same time`, 1);
    requests.add(now, 1);
    if (concurrency === null) return undefined;
    counts.open += 1;
    let isOpen = true;
    return () => {
      if (isOpen) counts.open -= 1;
      isOpen = false;
    };
  }

  spend(keyId: string, tokens: number): void {
    this.#byKey.get(keyId)?.tokens.add(this.#clock.now(), tokens);
  }

  #of(keyId: string): Counts {
    let counts = this.#byKey.get(keyId);
    if (!counts) {
      counts = { requests: new MinuteWindow(), tokens: new MinuteWindow(), open: 0 };
      this.#byKey.set(keyId, counts);
    }
    return counts;
  }
}

const tooMany = (what: string, seconds: number): AppError =>
  new AppError("limit", `The key may make ${what}; try again later`, {
    details: { retry_after_seconds: seconds },
  });
