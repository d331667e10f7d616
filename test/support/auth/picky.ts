import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";

/** Says in `x-user` who it is, and has a handler for each way an answer can go. */
export const auth = new Auth()
  .authenticate((request) => {
    const name = request.headers.get("x-user");
    if (name === "crash") throw new Error("the secret password is 1234");
    // What handlers answer is not always what their types say.
    if (name === "nobody") return null as never;
    if (name === "number") return 7 as never;
    return name ?? "guest";
  })
  .on("threads", ({ user }) => user.identity !== "banned")
  .on("threads:create", ({ user, value }) => {
    if (user.identity === "teapot") throw new HTTPException(418, { message: "short and stout" });
    if (user.identity === "leaky") throw new Error("the secret password is 1234");
    if (user.identity === "wrong") return { owner: { $regex: "." } } as never;
    if (user.identity === "shared") return { $or: [{ owner: "shared" }, { open: true }] } as never;
    if (user.identity === "stamped") return { owner: "stamped" };
    value.metadata = { ...value.metadata, made_by: user.identity };
    return true;
  })
  .on("*:delete", () => false);
