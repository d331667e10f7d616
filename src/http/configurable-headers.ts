import type { HttpConfig } from "../config/langgraph-file.ts";
import type { JsonObject } from "../core/json.ts";

type Policy = HttpConfig["configurableHeaders"];

const DEFAULT = ["x-*", "user-agent"];
/** What a graph, its traces and whoever reads the run have no business with. */
const SECRET = /^x-tenant-id$|key|token|secret|auth|password|session|cookie|signature/;

const compiled = new WeakMap<Policy, (name: string) => boolean>();

const escaped = (text: string): string => text.replaceAll(/[^\w-]/g, String.raw`\$&`);

const pattern = (text: string): RegExp =>
  new RegExp(`^${text.toLowerCase().split("*").map(escaped).join(".*")}$`);

function compile({ include, exclude }: Policy): (name: string) => boolean {
  const wanted = (include ?? DEFAULT).map(pattern);
  const unwanted = exclude.map(pattern);
  return (name) =>
    wanted.some((one) => one.test(name)) &&
    !unwanted.some((one) => one.test(name)) &&
    // A header that looks like a secret has to be named in full.
    (include?.includes(name) === true || !SECRET.test(name));
}

/** The request headers that a run's configurable gets, by the policy of langgraph.json. */
export function configurableHeaders(policy: Policy, headers: Headers): JsonObject | undefined {
  const isTaken = compiled.get(policy) ?? compile(policy);
  compiled.set(policy, isTaken);
  const taken = [...headers].filter(([name]) => isTaken(name));
  return taken.length === 0 ? undefined : Object.fromEntries(taken);
}
