import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type ApiKey, hashOf } from "../domain/api-key.ts";
import type { Signals } from "../signals/port.ts";
import type { ApiKeys } from "../storage/keys-port.ts";

/** How long what was read may be used where a signal of another process was lost. */
const FRESH_MS = 5_000;
/** How often the time of a key's last use is written. */
const TOUCH_MS = 60_000;
const MAX_KEPT = 10_000;

interface Kept {
  key: ApiKey;
  readAt: number;
}

interface Parts {
  keys: ApiKeys;
  clock: Clock;
  signals: Signals;
  log: Log;
}

/** The API keys as this process knows them: each is looked up once, until something changes. */
export class KeyRing {
  readonly #parts: Parts;
  readonly #kept = new Map<string, Kept>();
  readonly #touched = new Map<string, number>();
  #hasAny = false;
  #askedAt = -Infinity;
  /** Raised by every change, so that what was read before one is not kept after it. */
  #version = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.signals.on("keys", () => {
      this.#forget();
      this.#ask().catch((error: unknown) => parts.log.warn({ err: error }, "cannot read keys"));
    });
  }

  /** Whether there are keys, as far as is known without asking. */
  get hasAny(): boolean {
    return this.#hasAny;
  }

  /** Whether there are keys, revoked ones too. */
  async isUsed(): Promise<boolean> {
    // Keys make a server closed: until there is one, others may have made it.
    const isFresh = this.#parts.clock.now() - this.#askedAt < FRESH_MS;
    if (!this.#hasAny && !isFresh) await this.#ask();
    return this.#hasAny;
  }

  /** The key of a secret, also one that is revoked or has expired. */
  async find(secret: string): Promise<ApiKey | undefined> {
    const hash = hashOf(secret);
    const now = this.#parts.clock.now();
    const kept = this.#kept.get(hash);
    if (kept && now - kept.readAt < FRESH_MS) return kept.key;
    const version = this.#version;
    const key = await this.#parts.keys.findByHash(hash);
    if (version !== this.#version) return this.find(secret);
    this.#kept.delete(hash);
    if (key === undefined) return undefined;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(hash, { key, readAt: now });
    return key;
  }

  findById(keyId: string): Promise<ApiKey | undefined> {
    return this.#parts.keys.findById(keyId);
  }

  /** Notes that a key was used; losing that loses little. */
  touch({ key_id }: ApiKey): void {
    const now = this.#parts.clock.now();
    if (now - (this.#touched.get(key_id) ?? -Infinity) < TOUCH_MS) return;
    this.#touched.set(key_id, now);
    this.#parts.keys
      .touch(key_id, now)
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, "cannot note a key's use"));
  }

  /** Forgets what this process knew, and tells the others to. */
  async changed(): Promise<void> {
    this.#forget();
    this.#parts.signals.notify("keys", ["*"]);
    await this.#ask();
  }

  async #ask(): Promise<void> {
    const now = this.#parts.clock.now();
    this.#hasAny = await this.#parts.keys.hasAny();
    this.#askedAt = now;
  }

  #forget(): void {
    this.#version += 1;
    this.#kept.clear();
  }
}
