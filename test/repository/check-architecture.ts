import {
  MAY_IMPORT,
  PACKAGE_RULES,
  PORT_FILE,
  REACH_RULES,
  TEXT_RULES,
  TOP_UNITS,
  TYPE_ONLY_OF_ANYTHING,
  type ReachRule,
} from "./architecture-rules.ts";
import { importsOf, withoutComments, type Import } from "./imports.ts";
import type { SourceTree } from "./source-files.ts";

/** The unit a file belongs to: "graphs", a folder of src, or a file directly under src. */
function unitOf(file: string): string | undefined {
  if (file.startsWith("graphs/")) return "graphs";
  return /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(file)?.[1];
}

function isKnown(unit: string | undefined): unit is string {
  return unit !== undefined && (unit in MAY_IMPORT || TOP_UNITS.includes(unit));
}

function isAllowed(unit: string, { kind, target }: Import): boolean {
  const targetUnit = unitOf(target);
  if (targetUnit === undefined || targetUnit === unit) return true;
  if (TOP_UNITS.includes(unit)) return targetUnit !== "graphs";
  if (TOP_UNITS.includes(targetUnit)) return false;
  if (kind === "type" && PORT_FILE.test(target)) return unit !== "graphs";
  if (kind === "type" && TYPE_ONLY_OF_ANYTHING.includes(unit)) return targetUnit !== "http";
  return MAY_IMPORT[unit]?.includes(targetUnit) ?? false;
}

function checkImport(file: string, imported: Import): string[] {
  const unit = unitOf(file);
  if (!isKnown(unit)) return [];
  const problems = PACKAGE_RULES.filter(
    (rule) =>
      rule.packages.test(imported.target) &&
      !rule.units.includes(unit) &&
      (rule.includesTypes || imported.kind !== "type"),
  ).map((rule) => `${file}: ${unit} may not import ${imported.target} (${rule.name})`);
  if (!isAllowed(unit, imported)) {
    problems.push(`${file}: ${unit} may not import ${imported.target}`);
  }
  return problems;
}

function checkText(file: string, source: string): string[] {
  const code = withoutComments(source);
  return TEXT_RULES.filter((rule) => !rule.files.includes(file) && rule.pattern.test(code)).map(
    (rule) => `${file}: ${rule.name} is read here`,
  );
}

function checkReach(tree: SourceTree, rule: ReachRule): string[] {
  const problems: string[] = [];
  const via = new Map<string, string>(rule.from.map((file) => [file, file]));
  for (const [file, trail] of via) {
    for (const { kind, target } of importsOf(file, tree.get(file) ?? "")) {
      if (kind === "type" || (kind === "dynamic" && !rule.followsDynamic)) continue;
      if (via.has(target)) continue;
      via.set(target, `${trail} -> ${target}`);
      if (rule.never.test(target)) problems.push(`${rule.name}: ${trail} -> ${target}`);
    }
  }
  return problems;
}

/** Every broken rule of the architecture, one sentence each. */
export function checkArchitecture(tree: SourceTree): string[] {
  const problems: string[] = [];
  for (const [file, source] of tree) {
    if (!isKnown(unitOf(file))) problems.push(`${file}: belongs to no unit`);
    for (const imported of importsOf(file, source)) problems.push(...checkImport(file, imported));
    problems.push(...checkText(file, source));
  }
  return problems.concat(REACH_RULES.flatMap((rule) => checkReach(tree, rule)));
}
