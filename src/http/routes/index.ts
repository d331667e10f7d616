import type { Route } from "../route.ts";
import { billingRoutes } from "../openai/billing.ts";
import { chatRoutes } from "../openai/chat/routes.ts";
import { responseRoutes } from "../openai/responses/routes.ts";
import { openAiRoutes } from "../openai/routes.ts";
import { agentRoutes } from "./agents.ts";
import { assistantRoutes } from "./assistants.ts";
import { cronRoutes } from "./crons.ts";
import { keyRoutes } from "./keys.ts";
import { feedbackRoutes } from "./feedback.ts";
import { fileRoutes } from "./files.ts";
import { knowledgeRoutes } from "./knowledge.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { metaRoutes } from "./meta.ts";
import { newRunRoutes } from "./new-runs.ts";
import { protocolRoutes } from "./protocol.ts";
import { runRoutes } from "./runs.ts";
import { stateRoutes } from "./state.ts";
import { storeRoutes } from "./store.ts";
import { systemRoutes } from "./system.ts";
import { taskRoutes } from "./tasks.ts";
import { threadRoutes } from "./threads.ts";
import { uiRoutes } from "./ui.ts";
import { budgetRoutes } from "./budgets.ts";
import { usageRoutes } from "./usage.ts";

const resources: Route[] = [
  ...systemRoutes,
  ...openAiRoutes,
  ...billingRoutes,
  ...chatRoutes,
  ...responseRoutes,
  ...fileRoutes,
  ...feedbackRoutes,
  ...knowledgeRoutes,
  ...taskRoutes,
  ...assistantRoutes,
  ...agentRoutes,
  ...threadRoutes,
  ...stateRoutes,
  ...newRunRoutes,
  ...runRoutes,
  ...protocolRoutes,
  ...cronRoutes,
  ...maintenanceRoutes,
  ...storeRoutes,
  ...usageRoutes,
  ...budgetRoutes,
  ...keyRoutes,
  ...uiRoutes,
];

/** Every route of the server. */
export const routes: Route[] = [...resources, ...metaRoutes(resources)];
