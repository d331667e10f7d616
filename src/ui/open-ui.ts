import { existsSync } from "node:fs";
import type { LanggraphFile } from "../config/langgraph-file.ts";
import { ConfigError } from "../core/errors.ts";
import type { Ui } from "./ui-port.ts";
import { UiBundles } from "./ui-bundles.ts";

/** The components of langgraph.json; what is missing for them stops the start. */
export function openUi({ path, ui }: LanggraphFile): Ui {
  for (const [name, file] of ui.modules)
    if (!existsSync(file)) throw new ConfigError(`${path}: ui.${name}: ${file} does not exist`);
  if (ui.modules.size > 0 && !isInstalled("vite"))
    throw new ConfigError(`${path}: ui is built by vite, which is not installed: npm install vite`);
  return new UiBundles(ui, path);
}

function isInstalled(name: string): boolean {
  try {
    return import.meta.resolve(name) !== "";
  } catch {
    return false;
  }
}
