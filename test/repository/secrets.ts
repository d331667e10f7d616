interface Leak {
  readonly name: string;
  readonly pattern: RegExp;
}

const LEAKS: readonly Leak[] = [
  { name: "an OpenAI-style key", pattern: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}/ },
  { name: "a GitHub token", pattern: /\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{16,}/ },
  { name: "an AWS key", pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { name: "a private key", pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { name: "a Zhipu key", pattern: /\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b/ },
  { name: "a bearer token", pattern: /\bBearer [A-Za-z0-9._-]{20,}/ },
  {
    name: "a password in a URL",
    pattern: /\b[a-z+]{3,}:\/\/[^\s/:@"'`${}<>]+:[^\s/:@"'`${}<>]{8,}@/,
  },
  { name: "a path of one machine", pattern: /(?<![\w.-])\/(?:work|root)\/[\w.]/ },
];

/** What a text holds that must not be published: the kind and the line, never the secret itself. */
export function findLeaks(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line, index) =>
      LEAKS.filter(({ pattern }) => pattern.test(line)).map(
        ({ name }) => `line ${index + 1}: ${name}`,
      ),
    );
}
