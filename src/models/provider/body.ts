import type { Body } from "../dialects/index.ts";
import { mergeInto, withoutUndefined } from "../merge-body.ts";
import type { Model } from "../model.ts";

/** A body as it is sent: without what has no value, with the file's `extra_body`, without its `drop_params`. */
export function finishedBody(model: Model, base: Body): Body {
  const { extra_body: extra = {}, drop_params: dropped = [] } = model.fields;
  const body = withoutUndefined(base);
  const { model: _model, ...additions } = extra;
  mergeInto(body, additions);
  for (const key of dropped) delete body[key];
  return body;
}
