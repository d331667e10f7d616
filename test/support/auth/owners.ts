import { Auth, HTTPException, isStudioUser } from "@langchain/langgraph-sdk/auth";

/** Tokens are `user:<name>`; everybody sees their own rows, Studio all. */
export const auth = new Auth()
  .authenticate((request) => {
    const name = /^Bearer user:(\w+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (name === undefined)
      throw new HTTPException(401, {
        message: "Who are you?",
        headers: { "www-authenticate": "Bearer" },
      });
    return { identity: name, permissions: ["threads:write"], team: `team-${name}`, key_id: "mine" };
  })
  .on("*", ({ user, value }) => {
    if (isStudioUser(user)) return true;
    if ("metadata" in value) value.metadata = { ...value.metadata, owner: user.identity };
    return { owner: user.identity };
  });
