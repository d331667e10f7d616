import { z } from "zod";

/** From the loosest to the strictest. */
export const TOOL_POLICIES = ["allow", "ask", "deny"] as const;

/** Whether a tool may be called: at once, once a human agrees, or never. */
export const ToolPolicy = z.enum(TOOL_POLICIES);
export type ToolPolicy = z.infer<typeof ToolPolicy>;

/** No pattern is tried on a longer text. */
const MAX_MATCHED = 10_000;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
type Scalar = z.infer<typeof scalar>;

// Nothing here is transformed: a graph's context schema is shown as JSON Schema, which cannot say that.
const texts = z.union([z.string(), z.array(z.string()).min(1)]);

const pattern = z.string().refine(isPattern, "expected a regular expression");

const wishes = z.strictObject({
  equals: scalar.optional(),
  in: z.array(scalar).min(1).optional(),
  starts_with: texts.optional(),
  contains: texts.optional(),
  matches: pattern.optional(),
  host: texts.optional(),
  above: z.number().optional(),
  below: z.number().optional(),
  missing: z.boolean().optional(),
});

type Wishes = z.output<typeof wishes>;

/** All that it asks must be so; a bare value is what the argument equals. */
const Condition = z.union([
  scalar,
  wishes.refine((condition) => Object.keys(condition).length > 0, "expected a condition"),
]);

/** What may be done with calls of a tool (`*` stands for any part of its name) whose arguments are so. */
export const ToolRule = z.strictObject({
  tool: z.string().min(1),
  when: z.record(z.string(), Condition).optional(),
  policy: ToolPolicy,
});
export type ToolRule = z.output<typeof ToolRule>;

interface Call {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The policy of the first rule that is about a call; undefined where none is. */
export function verdict(rules: readonly ToolRule[], call: Call): ToolPolicy | undefined {
  return rules.find((rule) => isAbout(rule, call))?.policy;
}

/** The rules that are about calls of a tool, whatever their arguments. */
export const rulesFor = (rules: readonly ToolRule[], name: string): readonly ToolRule[] =>
  rules.filter(({ tool }) => isNamed(tool, name));

/** The strictest of some policies; "allow" of none. */
export function strictest(...policies: readonly (ToolPolicy | undefined)[]): ToolPolicy {
  const ranks = policies.map((policy) => TOOL_POLICIES.indexOf(policy ?? "allow"));
  return TOOL_POLICIES[Math.max(0, ...ranks)] ?? "deny";
}

function isAbout({ tool, when = {}, policy }: ToolRule, { name, args }: Call): boolean {
  if (!isNamed(tool, name)) return false;
  return Object.entries(when).every(([path, condition]) =>
    holds(
      isScalar(condition) ? { equals: condition } : condition,
      valueAt(args, path),
      policy === "allow",
    ),
  );
}

/** Whether a name is one that a text with `*` for any part of it stands for. */
export const isNamed = (glob: string, name: string): boolean =>
  new RegExp(`^${glob.split("*").map(escaped).join(".*")}$`, "s").test(name);

const escaped = (text: string): string => text.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");

/** The argument of a name, else the one below a path of names with dots. */
function valueAt(args: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(args, path)) return args[path];
  return path.split(".").reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }, args);
}

/** Of a list, one element is enough to be careful, and all are needed to allow. */
function holds(condition: Wishes, value: unknown, isAllowing: boolean): boolean {
  if (condition.missing !== undefined && condition.missing !== (value == null)) return false;
  if (value == null) return condition.missing === true;
  if (!Array.isArray(value)) return isSo(condition, value, isAllowing);
  const one = (element: unknown): boolean => isSo(condition, element, isAllowing);
  return isAllowing ? value.length > 0 && value.every(one) : value.some(one);
}

function isSo(condition: Wishes, value: unknown, isAllowing: boolean): boolean {
  if (!isScalar(value)) return false;
  const text = String(value);
  return isText(condition, text) && isOfForm(condition, text, isAllowing);
}

function isText({ equals, in: list, starts_with, contains }: Wishes, text: string): boolean {
  const is = (other: Scalar): boolean => text === String(other);
  return (
    (equals === undefined || is(equals)) &&
    (list === undefined || list.some(is)) &&
    (starts_with === undefined || listOf(starts_with).some((start) => text.startsWith(start))) &&
    (contains === undefined || listOf(contains).some((part) => text.includes(part)))
  );
}

function isOfForm(
  { matches, host, above, below }: Wishes,
  text: string,
  isAllowing: boolean,
): boolean {
  return (
    (matches === undefined || isMatch(matches, text, isAllowing)) &&
    (host === undefined || listOf(host).some((name) => isOfHost(text, name))) &&
    (above === undefined || Number(text) > above) &&
    (below === undefined || Number(text) < below)
  );
}

const listOf = (given: string | readonly string[]): readonly string[] =>
  typeof given === "string" ? [given] : given;

const isScalar = (value: unknown): value is Scalar =>
  ["string", "number", "boolean"].includes(typeof value);

/** What is too long to be tried is not allowed for it, and treated with care. */
const isMatch = (source: string, text: string, isAllowing: boolean): boolean =>
  text.length > MAX_MATCHED ? !isAllowing : new RegExp(source, "u").test(text);

/** Whether a URL is of a host, or below one with `*.` before it. */
function isOfHost(text: string, name: string): boolean {
  const host = URL.canParse(text) ? new URL(text).hostname.replace(/\.$/, "") : undefined;
  const wanted = name.toLowerCase();
  return wanted.startsWith("*.") ? host?.endsWith(wanted.slice(1)) === true : host === wanted;
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "u").source !== "";
  } catch {
    return false;
  }
}
