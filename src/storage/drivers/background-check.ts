import { fork, type ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Log } from "../../core/log.ts";

const Answer = z.object({ found: z.string().nullable() });

/** Reads a database through in a process of its own, and tells of the damage it finds. */
export class BackgroundCheck {
  readonly #child: ChildProcess;

  constructor(
    path: string,
    { onDamage, log }: { onDamage: (found: string) => void; log?: Log | undefined },
  ) {
    const script = `./sqlite-check-process${extname(import.meta.url)}`;
    const file = fileURLToPath(new URL(script, import.meta.url));
    this.#child = fork(file, [path], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#child.unref();
    this.#child.channel?.unref();
    this.#child.once("message", (message) => {
      const { found } = Answer.parse(message);
      if (found === null) log?.debug({ path }, "the database was read through: it is whole");
      else onDamage(found);
    });
    this.#child.once("error", (error) =>
      log?.warn({ err: error, path }, "the database could not be read through"),
    );
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
