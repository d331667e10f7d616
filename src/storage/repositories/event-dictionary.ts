/**
 * What records of runs hold again and again, the commonest last. Rows that were packed with it can only be
 * read with it: it is never edited, and a better one gets a number of its own.
 */
const PHRASES = [
  '"kind":"error","error":"Error","message":"',
  '{"kind":"tool","ns":["tools:"],"data":{"event":"on_tool_start","toolCallId":"call_","name":"","input":{"event":"on_tool_end","output":{"id":"",',
  '{"kind":"custom","ns":[],"data":{"kind":"inline","ns":[],"data":{"__interrupt__":[{"id":"","value":{',
  '"action_requests":[{"name":"","args":{},"description":""}],"review_configs":[{"action_name":"","allowed_decisions":["approve","edit","reject"]}]',
  '"ls_temperature":0.7,"ls_max_tokens":"ls_provider":"openai","ls_model_type":"chat","ls_stop":"reasoning_content":"","reasoning_tokens":',
  '"thread_id":"langgraph_auth_user_id":"checkpoint_id":"parent_id":"tags":["seq:step:1"],"lc_source":"name":"',
  '{"m":1,"message":{"id":"","content":"","tool_call_chunks":[{"name":"","args":"","id":"call_","index":0,"type":"tool_call_chunk"}],"tool_calls":[],"invalid_tool_calls":[{"name":"","args":"","id":"","error":"Malformed args.","type":"invalid_tool_call"}],"type":"AIMessageChunk"}}',
  '{"id":"","content":"","type":"human","additional_kwargs":{},"response_metadata":{}},{"kind":"updates","ns":[],"data":{"tools":{"messages":[{"id":"","content":"","name":"","additional_kwargs":{},"response_metadata":{},"tool_call_id":"call_","status":"success","type":"tool"}]}}}',
  '"tool_calls":[{"name":"","args":{},"id":"call_","type":"tool_call"}],"invalid_tool_calls":[],"finish_reason":"tool_calls","model_name":"',
  '{"kind":"attempt","attempt":1,"at":179',
  '{"kind":"checkpoint","ns":[],"checkpoint_id":"1f1","parent_id":null,"at":179,"metadata":{"source":"input","step":-1,"parents":{}},"next":["__start__"],"tasks":[{"id":"","name":"__start__","path":["__pregel_pull","__start__"],"interrupts":[]}],"keys":null,"empty":{"messages":[]}}',
  '{"kind":"task","ns":[],"id":"","name":"model","triggers":["branch:to:model"],"interrupts":[],"input":{"keys":["messages"]},"metadata":{"ls_integration":"langgraph","created_by":"system","assistant_id":"","run_id":"01a","thread_id":"01a","graph_id":"agent"}}',
  '{"kind":"message","ns":[],"m":1,"message":{"id":"","content":"","additional_kwargs":{},"response_metadata":{"model_provider":"openai"},"tool_call_chunks":[],"tool_calls":[],"invalid_tool_calls":[],"type":"AIMessageChunk"},"metadata":{"tags":[],"ls_integration":"langchain_chat_model","created_by":"system","assistant_id":"","run_id":"01a","thread_id":"01a","graph_id":"chat","checkpoint_ns":"model:","langgraph_step":1,"langgraph_node":"model","langgraph_triggers":["branch:to:model"],"langgraph_path":["__pregel_pull","model"],"langgraph_checkpoint_ns":"model:","ls_provider":"generic","ls_model_name":"","ls_model_type":"chat","versions":{"@langchain/core":"1.2.13","@langchain/openai":"1.6.0"}}}',
  '{"kind":"chunk","m":1,"message":{"id":"","content":"","response_metadata":{"model_provider":"openai","finish_reason":"stop","model_name":"","id":"chatcmpl-","kagari":{"call_id":"01a","model":"","cost_micros":null,"currency":"USD","estimated":false},"model_id":""},"usage_metadata":{"input_tokens":10,"output_tokens":20,"total_tokens":30,"input_token_details":{"cache_read":0},"output_token_details":{"reasoning":0}},"type":"AIMessageChunk"}}',
  '{"kind":"updates","ns":[],"data":{"model":{"messages":[{"id":"","content":"","tool_calls":[],"invalid_tool_calls":[],"additional_kwargs":{},"response_metadata":{"model_provider":"openai","finish_reason":"stop","output_token_details":{"reasoning":0}},"type":"ai"}]}}}',
  '{"kind":"task_result","ns":[],"id":"","name":"model","interrupts":[]}',
  '{"kind":"checkpoint","ns":[],"checkpoint_id":"1f1","parent_id":"1f1","at":179,"metadata":{"source":"loop","step":0,"parents":{}},"next":["model"],"tasks":[{"id":"","name":"model","path":["__pregel_pull","model"],"interrupts":[]}],"keys":["messages"]}',
];

/** The dictionary of packed rows that begin with 1. */
export const eventDictionary = Buffer.from(PHRASES.join(","));
