/** An answer without a body. */
export const noContent = (status: 202 | 204 = 204): Response => new Response(null, { status });
