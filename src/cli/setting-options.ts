import type { Command } from "commander";
import { SETTINGS, type Settings } from "../config/settings.ts";

/** Adds a flag for every setting, each named with the environment variable it equals. */
export function addSettingOptions(command: Command): Command {
  for (const [key, { env, description }] of Object.entries(SETTINGS)) {
    const name = key.replaceAll("_", "-");
    const value = ["preload", "test_routes", "allow_open"].includes(key) ? "" : " <value>";
    command.option(`--${name}${value}`, `${description} (${env})`);
  }
  return command;
}

/** The flags of a command by the names of their settings. */
export function settingFlags(
  flags: Record<string, unknown>,
): Partial<Record<keyof Settings, unknown>> {
  return Object.fromEntries(Object.entries(flags).map(([key, value]) => [snake(key), value]));
}

const snake = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
