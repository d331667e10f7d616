import type { StructuredToolInterface } from "@langchain/core/tools";
import { Calculator } from "@langchain/community/tools/calculator";

const MAX_CHARACTERS = 300;
const SUM_OR_PRODUCT = /Sigma|Pi/;
/** A factorial, choice or permutation whose operand is not a plain number below 1000. */
const SMALL_COUNTING = /(?<![\w.])\d{1,3}(?:!|[CP]\d{1,3}(?![\w.]))(?!!)/g;

/** LangChain's calculator, refusing what would keep the process busy for minutes: `10^12!`, long sums. */
class BoundedCalculator extends Calculator {
  override async _call(input: string): Promise<string> {
    const rest = input.replaceAll(SMALL_COUNTING, "1");
    const isHeavy =
      input.length > MAX_CHARACTERS || SUM_OR_PRODUCT.test(input) || /[!CP]/.test(rest);
    return isHeavy ? "This expression is too large for the calculator." : await super._call(input);
  }
}

/** Evaluates an arithmetic expression. */
export const calculator = (): StructuredToolInterface => asTool(new BoundedCalculator());

/** The two packages' zod types differ only under exactOptionalPropertyTypes. */
const asTool = (tool: unknown): StructuredToolInterface => tool as StructuredToolInterface;
