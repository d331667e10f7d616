import { isDeepStrictEqual } from "node:util";
import { AppError } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";

export const FILTER_OPERATORS = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** What one field of an item's value must be. */
export interface FieldCondition {
  /** Keys from the value down to the field. */
  path: readonly string[];
  operator: FilterOperator;
  operand: Json;
}

const MAX_CONDITIONS = 50;

const isOperator = (key: string): key is FilterOperator =>
  FILTER_OPERATORS.some((operator) => operator === key);

/**
 * The conditions of a filter: fields with the value they must have, or with operators, or with a
 * filter for what is inside them.
 */
export function filterConditions(filter: JsonObject): FieldCondition[] {
  // Postgres can keep no NUL, so nothing that is stored has one.
  if (JSON.stringify(filter).includes("\\u0000")) throw refuse("has a NUL character in it");
  const conditions = Object.entries(filter).flatMap(([key, wanted]) => under([key], wanted));
  if (conditions.length > MAX_CONDITIONS) throw refuse(`has over ${MAX_CONDITIONS} conditions`);
  return conditions;
}

function under(path: string[], wanted: Json): FieldCondition[] {
  if (!isJsonObject(wanted) || Object.keys(wanted).length === 0)
    return [{ path, operator: "$eq", operand: wanted }];
  const entries = Object.entries(wanted);
  if (!entries.some(([key]) => key.startsWith("$")))
    return entries.flatMap(([key, inner]) => under([...path, key], inner));
  return entries.map(([operator, operand]) => {
    if (!isOperator(operator))
      throw refuse(
        `has ${JSON.stringify(operator)} for ${path.join(".")}: expected ${FILTER_OPERATORS.join(", ")}`,
      );
    checkOperand(operator, operand);
    return { path, operator, operand };
  });
}

function checkOperand(operator: FilterOperator, operand: Json): void {
  const isList = operator === "$in" || operator === "$nin";
  if (isList && !Array.isArray(operand)) throw refuse(`needs a list for ${operator}`);
  if (isOrdering(operator) && typeof operand !== "number" && typeof operand !== "string")
    throw refuse(`needs a number or a string for ${operator}`);
}

const refuse = (why: string): AppError => new AppError("validation", `The filter ${why}`);

/** Numbers and strings alone have an order, each among themselves; strings by their bytes. */
export const isOrdering = (operator: FilterOperator): boolean =>
  ["$gt", "$gte", "$lt", "$lte"].includes(operator);

/** Does a value meet a condition? What Postgres decides in SQL, for databases that cannot. */
export function meetsCondition(value: Json, { path, operator, operand }: FieldCondition): boolean {
  const field = fieldAt(value, path);
  if (operator === "$eq") return isDeepStrictEqual(field, operand);
  if (operator === "$ne") return !isDeepStrictEqual(field, operand);
  if (operator === "$in" || operator === "$nin") {
    const isIn = Array.isArray(operand) && operand.some((one) => isDeepStrictEqual(field, one));
    return isIn === (operator === "$in");
  }
  const order = orderOf(field, operand);
  if (order === undefined) return false;
  if (operator === "$gt") return order > 0;
  if (operator === "$gte") return order >= 0;
  return operator === "$lt" ? order < 0 : order <= 0;
}

function fieldAt(value: Json, path: readonly string[]): Json | undefined {
  let field: Json | undefined = value;
  for (const key of path) field = memberOf(field, key);
  return field;
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return /^-?\d{1,9}$/.test(key) ? value.at(Number(key)) : undefined;
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function orderOf(field: Json | undefined, operand: Json): number | undefined {
  if (typeof field === "number" && typeof operand === "number") return field - operand;
  if (typeof field === "string" && typeof operand === "string")
    return Buffer.compare(Buffer.from(field), Buffer.from(operand));
  return undefined;
}
