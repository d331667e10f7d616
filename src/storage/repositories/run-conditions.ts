import { sql, type SqlBool } from "kysely";

// Literals, not bound values: a partial index serves only a query that repeats its condition.
export const isPending = sql<SqlBool>`status = 'pending'`;
export const isRunning = sql<SqlBool>`status = 'running'`;
export const isActive = sql<SqlBool>`status in ('pending', 'running')`;
export const isEnded = sql<SqlBool>`status not in ('pending', 'running')`;
