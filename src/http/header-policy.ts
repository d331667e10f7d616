import type { HeaderPolicy } from "../config/langgraph-http.ts";
import type { JsonObject } from "../core/json.ts";

/** What a graph, its traces, whoever reads the run, and the log have no business with. */
const SECRET = /^x-tenant-id$|key|token|secret|auth|password|session|cookie|signature/;

const compiled = new WeakMap<HeaderPolicy, (name: string) => boolean>();

const escaped = (text: string): string => text.replaceAll(/[^\w-]/g, String.raw`\$&`);

const pattern = (text: string): RegExp =>
  new RegExp(`^${text.toLowerCase().split("*").map(escaped).join(".*")}$`);

function compile({ include, exclude }: HeaderPolicy): (name: string) => boolean {
  const wanted = include.map(pattern);
  const unwanted = exclude.map(pattern);
  return (name) =>
    wanted.some((one) => one.test(name)) &&
    !unwanted.some((one) => one.test(name)) &&
    // A header that looks like a secret has to be named in full.
    (include.includes(name) || !SECRET.test(name));
}

/** The request headers that a policy of langgraph.json lets through. */
export function headersBy(policy: HeaderPolicy, headers: Headers): JsonObject | undefined {
  const isTaken = compiled.get(policy) ?? compile(policy);
  compiled.set(policy, isTaken);
  const taken = [...headers].filter(([name]) => isTaken(name));
  return taken.length === 0 ? undefined : Object.fromEntries(taken);
}
