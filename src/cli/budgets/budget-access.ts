import type { LocalAccess } from "../../auth/local-access.ts";
import type { LoadedSettings } from "../../config/settings.ts";
import { openDatabase } from "../../container.ts";
import { systemClock } from "../../core/clock.ts";
import { NotFoundError } from "../../core/errors.ts";
import { createLog } from "../../core/log.ts";
import { budgetCreate, budgetJson, inMicros } from "../../http/budget-schemas.ts";
import { putBudget } from "../../services/budgets/budgets.ts";
import type { Budgets } from "../../storage/budget-port.ts";
import { checkedFlags } from "../checked-flags.ts";
import { askServer, runningServer } from "../running-server.ts";

export type ShownBudget = ReturnType<typeof budgetJson>;
export type Spends = Awaited<ReturnType<Budgets["spends"]>>;

/** What can be done to budgets, whether a server runs or not. */
export interface BudgetAccess {
  list(): Promise<(ShownBudget & { spends: Spends })[]>;
  set(body: object): Promise<ShownBudget>;
  remove(id: string): Promise<void>;
  /** The id of a key by its name; the same text where no key is called so. */
  keyId(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Asks the server that owns the database; where none runs, or many share it, opens the database. */
export async function openBudgets(loaded: LoadedSettings): Promise<BudgetAccess> {
  const server = await runningServer(loaded);
  return server ? ofServer(server) : ofDatabase(loaded);
}

type Named = { name: string; key_id: string };

const idOf = (keys: readonly Named[], name: string): string =>
  keys.find((key) => key.name === name)?.key_id ?? name;

const at = (id: string): string => `/budgets/${encodeURIComponent(id)}`;

function ofServer(server: LocalAccess): BudgetAccess {
  const ask = <T>(method: string, path: string, body?: object): Promise<T> =>
    askServer(server, { method, path, body });
  return {
    list: async () => {
      const budgets = await ask<ShownBudget[]>("GET", "/budgets");
      return Promise.all(
        budgets.map(({ budget_id }) => ask<ShownBudget & { spends: Spends }>("GET", at(budget_id))),
      );
    },
    set: (body) => ask("POST", "/budgets", body),
    remove: (id) => ask("DELETE", at(id)),
    keyId: async (name) => idOf(await ask<Named[]>("GET", "/keys"), name),
    close: () => Promise.resolve(),
  };
}

async function ofDatabase(loaded: LoadedSettings): Promise<BudgetAccess> {
  const storage = await openDatabase(loaded, createLog("error"));
  const { budgets, apiKeys } = storage;
  const clock = storage.clock ?? systemClock;
  return {
    list: async () =>
      Promise.all(
        (await budgets.list()).map(async (budget) => ({
          ...budgetJson(budget),
          spends: await budgets.spends(budget.budget_id),
        })),
      ),
    set: async (body) =>
      budgetJson(await putBudget({ storage, clock }, inMicros(checkedFlags(budgetCreate, body)))),
    remove: async (id) => {
      if (!(await budgets.delete(id))) throw new NotFoundError("Budget", id);
    },
    keyId: async (name) => idOf(await apiKeys.list(), name),
    close: () => storage.close(),
  };
}
