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

/** Of the flags of a command, those that are settings, by their names. */
export function settingFlags(
  flags: Record<string, unknown>,
): Partial<Record<keyof Settings, unknown>> {
  const named = Object.entries(flags).map(([key, value]) => [snake(key), value] as const);
  return Object.fromEntries(named.filter(([key]) => Object.hasOwn(SETTINGS, key)));
}

const snake = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
