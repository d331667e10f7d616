import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { AccessFilter } from "../domain/access-filter.ts";
import { type Actor, actorOf, ANONYMOUS, type User } from "../domain/actor.ts";
import { type ApiKey, keyProblem, userOfKey } from "../domain/api-key.ts";
import { LOCAL_PREFIX, secretOf } from "./credentials.ts";
import type { Deed, Guard } from "./guard-port.ts";
import type { AuthHandlers } from "./handlers.ts";
import { checkAdmin, decideForKey, isForAdmins } from "./key-decisions.ts";
import type { KeyRing } from "./key-ring.ts";
import { KeyUse } from "./limits.ts";
import { isStudio, STUDIO_USER } from "./studio.ts";

/** The operator, at the machine the server runs on. */
const OPERATOR: User = {
  identity: "operator",
  display_name: "operator",
  is_authenticated: true,
  permissions: ["*"],
  key_id: "local",
  is_admin: true,
};

interface Parts {
  ring: KeyRing;
  handlers: AuthHandlers | undefined;
  clock: Clock;
  localSecret: string;
  /** Studio's requests come without anything the handlers could check. */
  admitsStudio: boolean;
}

/** The guard of a server: API keys first, then the operator's own handlers, else it is open. */
export class ServerGuard implements Guard {
  readonly #parts: Parts;
  readonly #use: KeyUse;
  /** The keys of the actors that have come with one. */
  readonly #keyOf = new WeakMap<Actor, ApiKey>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#use = new KeyUse(parts.clock);
  }

  get isOpen(): boolean {
    return this.#parts.handlers === undefined && !this.#parts.ring.hasAny;
  }

  get trustsThisMachine(): boolean {
    return this.isOpen || (this.#parts.handlers !== undefined && this.#parts.admitsStudio);
  }

  /** What the operator's commands on this machine come in with. */
  get localSecret(): string {
    return this.#parts.localSecret;
  }

  async authenticate(request: Request): Promise<Actor> {
    const { handlers, ring, admitsStudio } = this.#parts;
    const secret = secretOf(request.headers);
    if (secret?.startsWith(LOCAL_PREFIX)) return this.#operator(secret);
    const usesKeys = await ring.isUsed();
    if (secret !== undefined && usesKeys) return this.#byKey(await ring.find(secret));
    if (handlers)
      return admitsStudio && isStudio(request.headers)
        ? actorOf(STUDIO_USER, "custom")
        : handlers.authenticate(request);
    if (!usesKeys) return ANONYMOUS;
    throw new AppError(
      "unauthorized",
      "This server asks for an API key, in x-api-key or as Authorization: Bearer",
    );
  }

  async recall(user: User): Promise<Actor> {
    if (user.key_id === undefined) return actorOf(user, "custom");
    if (user.key_id === OPERATOR.key_id) return actorOf(OPERATOR, "key");
    return this.#byKey(await this.#parts.ring.findById(user.key_id));
  }

  async decide(actor: Actor, deed: Deed): Promise<AccessFilter | undefined> {
    const { handlers } = this.#parts;
    if (isForAdmins(deed.event, this.isOpen)) {
      checkAdmin(actor, deed.event);
      return undefined;
    }
    if (actor.kind === "key") return decideForKey(actor, deed);
    if (actor.kind === "custom" && handlers) return handlers.decide(actor, deed);
    if (actor.kind === "anonymous" && this.isOpen) return undefined;
    throw new AppError("unauthorized", "Not authenticated");
  }

  admit(actor: Actor): (() => void) | undefined {
    const key = this.#keyOf.get(actor);
    return key && this.#use.admit(key);
  }

  spend(keyId: string, tokens: number): void {
    this.#use.spend(keyId, tokens);
  }

  keysChanged(): Promise<void> {
    return this.#parts.ring.changed();
  }

  #operator(secret: string): Actor {
    if (!isSame(secret, this.#parts.localSecret))
      throw new AppError("unauthorized", "The key of the command belongs to another server");
    return actorOf(OPERATOR, "key");
  }

  #byKey(key: ApiKey | undefined): Actor {
    if (key === undefined) throw new AppError("unauthorized", "Unknown API key");
    const problem = keyProblem(key, this.#parts.clock.now());
    if (problem) throw new AppError("unauthorized", `The API key ${key.name} is ${problem}`);
    this.#parts.ring.touch(key);
    const actor = actorOf(userOfKey(key), "key");
    this.#keyOf.set(actor, key);
    return actor;
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
