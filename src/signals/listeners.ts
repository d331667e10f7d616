import type { SignalChannel, SignalListener } from "./port.ts";

/** Who listens to which channel. */
export class Listeners {
  readonly #byChannel: Record<SignalChannel, Set<SignalListener>> = {
    runs: new Set(),
    events: new Set(),
    cancel: new Set(),
    threads: new Set(),
    keys: new Set(),
  };

  add(channel: SignalChannel, listener: SignalListener): () => void {
    this.#byChannel[channel].add(listener);
    return () => void this.#byChannel[channel].delete(listener);
  }

  tell(channel: SignalChannel, ids: string[]): void {
    for (const listener of this.#byChannel[channel]) listener(ids);
  }
}
