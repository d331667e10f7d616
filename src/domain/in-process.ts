import type { User } from "./actor.ts";

/** Comes with a request that code of this process sends to its own server: nothing from outside can make one. */
export class InProcess {
  /** The user of the run that sends it, if it has one. */
  readonly user: User | undefined;

  constructor(user: User | undefined) {
    this.user = user;
  }
}
