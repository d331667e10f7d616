import { type Command, Option } from "commander";
import { readSettings } from "../config/settings.ts";
import { AppError } from "../core/errors.ts";
import { BUDGET_PERIODS, BUDGET_SCOPES, EACH } from "../domain/budget.ts";
import { MICROS } from "../domain/price.ts";
import { BUDGET_TEXT } from "../http/key-schemas.ts";
import {
  type BudgetAccess,
  openBudgets,
  type ShownBudget,
  type Spends,
} from "./budgets/budget-access.ts";
import { tableLines } from "./table.ts";

/** How many subjects of one budget are listed, the newest first. */
const MOST_SPENDS = 10;

interface SetFlags {
  scope: string;
  subject?: string;
}

type WithBudgets = (use: (access: BudgetAccess) => Promise<void>) => Promise<void>;

/** `kagari budgets`: lists, sets and lifts what may be spent. */
export function addBudgets(program: Command): void {
  const budgets = program
    .command("budgets")
    .description("Limit what may be spent on models, and see what is spent")
    .option("--data-dir <value>", "Folder of the embedded database (KAGARI_DATA_DIR)")
    .option("--database-url <value>", "Postgres shared by several processes (DATABASE_URL)");
  const withBudgets: WithBudgets = async (use) => {
    const { dataDir, databaseUrl } = budgets.opts<{ dataDir?: string; databaseUrl?: string }>();
    const flags = { data_dir: dataDir, database_url: databaseUrl };
    const access = await openBudgets(readSettings(flags, process.cwd()));
    try {
      await use(access);
    } finally {
      await access.close();
    }
  };
  budgets
    .command("list")
    .description("List the budgets and what is gone of them")
    .option("--json", "print JSON")
    .action(({ json }: { json?: boolean }) =>
      withBudgets(async (access) => {
        const list = await access.list();
        say(json ? JSON.stringify(list, null, 2) : tableOf(list));
      }),
    );
  addSet(budgets, withBudgets);
  budgets
    .command("remove")
    .description("Lift a budget")
    .argument("<id>", "id of the budget, as listed")
    .action((id: string) =>
      withBudgets(async (access) => {
        await access.remove(id);
        say(`Removed ${id}`);
      }),
    );
  for (const command of budgets.commands) command.exitOverride();
}

function addSet(budgets: Command, withBudgets: WithBudgets): void {
  budgets
    .command("set")
    .description("Set a budget, or the amount of the one for the same subject and time")
    .argument("<amount>", 'how much, such as 10, "10 USD" or "2.50 CNY/day"')
    .addOption(
      new Option("--scope <scope>", "for what it is").choices(BUDGET_SCOPES).default("server"),
    )
    .option("--subject <id>", "for which one, a key also by its name; for each of them if none")
    .action((amount: string, { scope, subject }: SetFlags) =>
      withBudgets(async (access) => {
        const id = scope === "key" && subject !== undefined ? await access.keyId(subject) : subject;
        const budget = await access.set({ ...amountOf(amount), scope, subject: id });
        say(`${whoseOf(budget)}: ${limitOf(budget)}`);
      }),
    );
}

function amountOf(text: string): object {
  const { amount, currency = "USD", per = "total" } = BUDGET_TEXT.exec(text)?.groups ?? {};
  if (amount !== undefined && BUDGET_PERIODS.some((period) => period === per))
    return { amount: Number(amount), currency, per };
  throw new AppError(
    "bad_request",
    `expected an amount such as 10, "10 USD" or "2.50 CNY/day", got ${JSON.stringify(text)}`,
  );
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const inUnits = (micros: number): string => (micros / MICROS).toFixed(6).replace(/0{1,4}$/, "");

const limitOf = ({ amount, currency, per }: ShownBudget): string =>
  `${amount} ${currency}${per === "total" ? "" : `/${per}`}`;

function whoseOf({ scope, subject }: ShownBudget): string {
  if (subject === "") return scope;
  return subject === EACH ? `each ${scope}` : `${scope} ${subject}`;
}

function tableOf(budgets: readonly (ShownBudget & { spends: Spends })[]): string {
  if (budgets.length === 0) return "No budgets: whatever is asked for is paid.";
  const rows = budgets.flatMap((budget) => {
    const about = [budget.budget_id, whoseOf(budget), limitOf(budget)];
    const gone = budget.spends
      .slice(0, MOST_SPENDS)
      .map(({ subject, period, spent_micros, held_micros }) => [
        subject === "" || subject === budget.subject ? period : `${subject} ${period}`,
        inUnits(spent_micros),
        inUnits(held_micros),
      ]);
    const [first = ["", inUnits(0), inUnits(0)], ...more] = gone;
    return [[...about, ...first], ...more.map((line) => ["", "", "", ...line])];
  });
  return tableLines([["ID", "FOR", "AMOUNT", "PERIOD", "SPENT", "HELD"], ...rows]).join("\n");
}
