import { ConfigError } from "../core/errors.ts";
import { type OutboundPolicy, outboundPolicy } from "../core/outbound.ts";
import type { Environment } from "./environment.ts";
import type { LanggraphFile } from "./langgraph-file.ts";

/** Where webhooks may go, and what they carry. */
export interface WebhookRules {
  readonly isDisabled: boolean;
  /** Whether a path instead of a URL reaches this server itself. */
  readonly allowsOwnPaths: boolean;
  readonly policy: OutboundPolicy;
  /** Headers of every webhook; their values may be secret. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The rules of langgraph.json and of the setting `webhook_allowed_hosts`. */
export function webhookRules(
  { path, http, webhooks }: LanggraphFile,
  { allowedHosts, env }: { allowedHosts: string; env: Environment },
): WebhookRules {
  const { headers = {}, url, env_prefix: prefix } = webhooks ?? { env_prefix: "" };
  return {
    isDisabled: http.disabled.has("webhooks"),
    allowsOwnPaths: url?.disable_loopback === false,
    policy: {
      ...outboundPolicy(allowedHosts),
      domains: url?.allowed_domains,
      ports: url?.allowed_ports,
      isHttpsOnly: url?.require_https,
      maxLength: url?.max_url_length,
    },
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [
        name.toLowerCase(),
        filledIn(text, { key: `${path}: webhooks.headers.${name}`, prefix, env }),
      ]),
    ),
  };
}

const TEMPLATE = /\$\{\{(.*?)\}\}/g;

/** A header with each `${{ env.NAME }}` replaced; only names with the prefix may be used. */
function filledIn(
  text: string,
  { key, prefix, env }: { key: string; prefix: string; env: Environment },
): string {
  return text.replaceAll(TEMPLATE, (template, inside: string) => {
    const name = /^\s*env\.([A-Za-z_]\w*)\s*$/.exec(inside)?.[1];
    if (name === undefined)
      throw new ConfigError(`${key}: expected "\${{ env.NAME }}", got ${JSON.stringify(template)}`);
    if (!name.startsWith(prefix))
      throw new ConfigError(`${key}: ${name} does not start with ${prefix} (webhooks.env_prefix)`);
    const value = env[name];
    if (value === undefined || value === "")
      throw new ConfigError(`${key}: the environment variable ${name} is not set`);
    return value;
  });
}
