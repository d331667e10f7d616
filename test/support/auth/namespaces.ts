import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";

/** Tokens are `user:<name>`; each user's items are below a label of its own, and `private` is for nobody. */
export const auth = new Auth()
  .authenticate((request) => {
    const name = /^Bearer user:(\w+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (name === undefined) throw new HTTPException(401, { message: "Who are you?" });
    return { identity: name, permissions: [] };
  })
  .on("store", ({ user, value }) => {
    if (value.namespace?.[0] === "private") return false;
    value.namespace = [user.identity, ...(value.namespace ?? [])];
    return true;
  });
