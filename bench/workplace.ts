import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where one Kagari of the bench finds its config and keeps its data. */
export interface Workplace {
  folder: string;
  langgraph: string;
  modelsDir: string;
  dataDir: string;
}

/** Temporary folders, gone when the bench ends. */
export class Workplaces implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), "kagari-bench-"));
  #count = 0;

  /** A fresh folder with the bench's graphs and one model that is the fake upstream. */
  make(upstream: string): Workplace {
    this.#count += 1;
    const folder = join(this.#root, String(this.#count));
    const place: Workplace = {
      folder,
      langgraph: join(folder, "langgraph.json"),
      modelsDir: join(folder, "models"),
      dataDir: join(folder, "data"),
    };
    mkdirSync(place.modelsDir, { recursive: true });
    const graphs = { chat: graphFile("chat"), echo: graphFile("echo"), hold: graphFile("hold") };
    writeFileSync(place.langgraph, JSON.stringify({ graphs }));
    const model = { model_type: "chat", server_type: "openai", model: "bench", url: upstream };
    writeFileSync(
      join(place.modelsDir, "bench.json"),
      JSON.stringify({ ...model, api_key: "unused" }),
    );
    return place;
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const graphFile = (name: string): string =>
  `${fileURLToPath(new URL(`graphs/${name}.ts`, import.meta.url))}:graph`;
