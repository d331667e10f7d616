import { z } from "zod";
import { text, yes } from "./types.ts";

const LOCAL_MODELS = /^(?:off|(?:(?:ollama|lmstudio)=https?:\/\/[^\s,@?#]+(?:,|$))+)$/;

const RATES = /^(?:[A-Z]{3}=\d+(?:\.\d+)?(?:,(?=[A-Z])|$))*$/;

/** Which models and prompts there are, and how OpenAI clients reach them. */
export const MODELS = {
  models_dir: {
    type: text.default("config/models"),
    env: "KAGARI_MODELS_DIR",
    description: "Folder of the model configs",
  },
  prompts_dir: {
    type: text.default("prompts"),
    env: "KAGARI_PROMPTS_DIR",
    description: "Folder of the prompts",
  },
  default_model: {
    type: text.optional(),
    env: "KAGARI_DEFAULT_MODEL",
    description: "Model config used where none is named",
  },
  hot_reload: {
    type: yes.default(true),
    env: "KAGARI_HOT_RELOAD",
    description: "Take changed model configs while serving; false takes them at the next start",
  },
  local_models: {
    type: text
      .regex(LOCAL_MODELS, "expected off, or ollama=URL and lmstudio=URL separated by commas")
      .default("ollama=http://127.0.0.1:11434,lmstudio=http://127.0.0.1:1234"),
    env: "KAGARI_LOCAL_MODELS",
    description: "Where to look for running Ollama and LM Studio servers at start; off for nowhere",
  },
  exchange_rates: {
    type: z.string().regex(RATES, "expected rates such as USD=7.1,CNY=1").default(""),
    env: "KAGARI_EXCHANGE_RATES",
    description:
      "Worth of each currency in any common unit, such as USD=7.1,CNY=1, so that a budget can pay models of another currency",
  },
  openai_chore_model: {
    type: text.optional(),
    env: "KAGARI_OPENAI_CHORE_MODEL",
    description:
      "Model for what chat clients ask by themselves, such as titles; the model they name, or the default one, when not set",
  },
  openai_tool_progress: {
    type: yes.default(true),
    env: "KAGARI_OPENAI_TOOL_PROGRESS",
    description: "Show a graph's tools at work as its thinking to OpenAI clients",
  },
  openai_on_disconnect: {
    type: z.enum(["cancel", "continue"]).default("cancel"),
    env: "KAGARI_OPENAI_ON_DISCONNECT",
    description:
      "What becomes of a graph's run when an OpenAI client goes away: cancel, or continue",
  },
};
