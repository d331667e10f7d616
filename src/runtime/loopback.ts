import { AppError } from "../core/errors.ts";
import type { User } from "../domain/actor.ts";
import { InProcess } from "../domain/in-process.ts";

type Serve = (request: Request, env: InProcess) => Response | Promise<Response>;

/** The way from graphs to the HTTP of their own server, without a socket. */
export class Loopback {
  #serve: Serve | undefined;

  /** What answers the requests from now on. */
  serve(serve: Serve): void {
    this.#serve = serve;
  }

  async fetch(request: Request, user?: User): Promise<Response> {
    if (this.#serve) return this.#serve(request, new InProcess(user));
    throw new AppError("unavailable", "This process serves no HTTP: give the client a URL");
  }
}
