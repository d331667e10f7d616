const NUMBER = String.raw`\(*\s*-?\d+(?:\.\d+)?\s*\)*`;
const OPERATOR = String.raw`\s*(?:\*\*|[-+*/^])\s*`;
const EXPRESSION = new RegExp(`${NUMBER}(?:${OPERATOR}${NUMBER})+`);
const DATE = /\b\d{4}[-/]\d{1,2}[-/]\d{1,2}\b/;
const MAX_READ_CHARACTERS = 2000;

const WORDS: readonly [RegExp, string][] = [
  [/[×✕]|乘以|乘|\btimes\b|\bmultiplied by\b|(?<=\d)\s*x\s*(?=\d)/gi, "*"],
  [/÷|除以|\bdivided by\b|\bover\b/gi, "/"],
  [/加上|加|\bplus\b/gi, "+"],
  [/减去|减|\bminus\b/gi, "-"],
];

const NAME_TOLD: readonly RegExp[] = [
  /\bmy name(?:'s| is)\s+([\p{L}][\p{L}'-]{0,39})/iu,
  /\b(?:call me|i am called)\s+([\p{L}][\p{L}'-]{0,39})/iu,
  /我的名字(?:是|叫做?)\s*([^\s，。！？,.!?；;、]{1,20})/u,
  /我(?:叫做?|名叫)\s*([^\s，。！？,.!?；;、]{1,20})/u,
];

const NAME_ASKED =
  /\bwhat(?:'s|\s+is|\s+was)\s+my\s+name\b|\bwho\s+am\s+i\b|\bremember\s+my\s+name\b|我(?:叫|的名字(?:是|叫))(?:什么|啥)|我是谁|记得我(?:的名字|叫)/i;

const TIME_ASKED =
  /\bwhat(?:'s|\s+is)?\s+(?:the\s+)?(?:current\s+)?(?:time|date|day)\b|\bcurrent\s+time\b|\btoday'?s\s+date\b|几点|现在的?时间|今天(?:是)?(?:几号|星期几|周几|什么日子)|当前时间/i;

/** Whether a text is to be answered in Chinese. */
export const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

export const asksName = (text: string): boolean => NAME_ASKED.test(text);

export const asksTime = (text: string): boolean => TIME_ASKED.test(text);

export const asksToThink = (text: string): boolean => /\bthink\b|思考/i.test(text);

/** The name that a text tells, if it tells one. */
export function nameTold(text: string): string | undefined {
  if (asksName(text)) return undefined;
  for (const pattern of NAME_TOLD) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined && !/^(?:什么|啥)/.test(name)) return name;
  }
  return undefined;
}

/** The sum that a text asks for, as a plain expression: "计算 12*7", "3 加 4", "what is 2 plus 2". */
export function expressionIn(text: string): string | undefined {
  let plain = text.slice(0, MAX_READ_CHARACTERS).replace(DATE, " ");
  for (const [words, sign] of WORDS) plain = plain.replace(words, sign);
  const found = EXPRESSION.exec(plain)?.[0].replace(/\s+/g, "").replaceAll("**", "^");
  if (found === undefined) return undefined;
  return balanced(found) ? found : undefined;
}

function balanced(expression: string): boolean {
  let depth = 0;
  for (const character of expression) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth < 0) return false;
  }
  return depth === 0;
}
