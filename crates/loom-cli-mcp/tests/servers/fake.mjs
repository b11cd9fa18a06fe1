// A server that misbehaves in the ways that its arguments and its tools name.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

const options = new Map(
  process.argv.slice(2).map((argument) => {
    const [name, ...value] = argument.split("=");
    return [name, value.join("=")];
  }),
);
const has = (name) => options.has(name);
const note = (line) => {
  if (has("log")) appendFileSync(options.get("log"), `${line}\n`);
};

note(`started ${process.pid}`);
if (has("exit")) {
  console.error("the license has expired");
  process.exit(Number(options.get("exit")));
}
if (has("stubborn")) process.on("SIGTERM", () => {});

const write = (text) => process.stdout.write(text);
const send = (message) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (id, value) => send({ id, result: { content: [{ type: "text", text: value }] } });
const notify = (method, params) => send({ method: `notifications/${method}`, params });

const object = { type: "object", properties: {} };
let tools = [
  "ask", "await_cancel", "bad_answer", "batch", "change", "crash", "deaf", "echo", "env", "error",
  "fail", "flood_log", "flood_progress", "garbage", "hang", "huge", "leave_child", "ping_flood",
  "roots", "sample", "too_large",
].map((name) => ({ name, description: `Does ${name}.`, inputSchema: object }));
tools.find((tool) => tool.name === "echo").annotations = { readOnlyHint: true, openWorldHint: false };
if (has("many")) {
  tools = Array.from({ length: Number(options.get("many")) }, (_, index) => ({
    name: `tool_${index}`,
    description: index === 7 ? "Translates a poem into Klingon." : `Number ${index}.`,
    inputSchema: object,
  }));
}
if (has("endless")) tools = tools.slice(0, 1);

let isDeaf = false;
let lastId = 1000;
const answers = new Map();
const cancelled = [];
let awaitsCancel = null;

// Asks the client, and answers the call with what it says.
const relay = (id, method, params) => {
  lastId += 1;
  answers.set(lastId, (message) => {
    if (id !== null) text(id, JSON.stringify(message.result ?? message.error));
  });
  send({ id: lastId, method, params });
};

const calls = {
  // Asks once, or `times` times, and answers with what was said; `leave` answers at once.
  ask: (id, args) => {
    const params = args.params ?? {
      message: "Which color?",
      requestedSchema: { type: "object", properties: { color: { type: "string" } } },
    };
    if (args.leave) text(id, "not waiting");
    if (args.times === undefined) {
      if (args.leave) relay(null, "elicitation/create", params);
      else relay(id, "elicitation/create", params);
      return;
    }
    const said = [];
    for (let index = 0; index < args.times; index += 1) {
      lastId += 1;
      answers.set(lastId, (message) => {
        said.push(message.result?.action ?? "error");
        if (said.length === args.times) text(id, said.sort().join(" "));
      });
      send({ id: lastId, method: "elicitation/create", params });
    }
  },
  await_cancel: (id) => {
    if (cancelled.length > 0) text(id, "cancelled");
    else awaitsCancel = id;
  },
  bad_answer: (id) => send({ id, nonsense: true }),
  batch: (id) => {
    const answer = { content: [{ type: "text", text: "in a batch" }] };
    write(`${JSON.stringify([{ jsonrpc: "2.0", id, result: answer }])}\n`);
  },
  change: (id) => {
    tools = tools.filter((tool) => tool.name !== "echo");
    tools.push({ name: "newcomer", description: "Is new.", inputSchema: object });
    notify("tools/list_changed");
    text(id, "changed");
  },
  crash: () => {
    console.error("out of cheese");
    process.exit(3);
  },
  deaf: () => {
    isDeaf = true;
  },
  echo: (id, args) => text(id, JSON.stringify(args)),
  env: (id, args) => text(id, process.env[args.name] ?? "(unset)"),
  error: (id) => send({ id, error: { code: -32602, message: "no such color" } }),
  fail: (id) =>
    send({ id, result: { isError: true, content: [{ type: "text", text: "it broke" }] } }),
  flood_log: (id) => {
    for (let index = 0; index < 4000; index += 1) {
      notify("message", { level: "info", data: `line ${index}` });
    }
    text(id, "done");
  },
  flood_progress: (id, _, meta) => {
    for (let index = 0; index < 4000; index += 1) {
      notify("progress", { progressToken: meta.progressToken, progress: index, message: "m".repeat(999) });
    }
    text(id, "done");
  },
  garbage: (id) => {
    write("Listening on port 1234\n\u0000\u0001\n[1, 2\n");
    write('{"jsonrpc": "2.0", "method": 7}\n');
    text(id, "still here");
  },
  hang: () => {},
  huge: (id, args) => text(id, "x".repeat(args.bytes)),
  leave_child: (id) => {
    const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    child.unref();
    text(id, String(child.pid));
  },
  ping_flood: (id) => {
    for (let index = 0; index < 4000; index += 1) {
      send({ id: 100000 + index, method: "ping" });
    }
    text(id, "done");
  },
  roots: (id) => relay(id, "roots/list", {}),
  sample: (id) =>
    relay(id, "sampling/createMessage", {
      messages: [{ role: "user", content: { type: "text", text: "hi" } }],
      maxTokens: 10,
    }),
  too_large: (id) => {
    // The id comes last, as some servers write it.
    const content = [{ type: "text", text: "y".repeat(9 * 1024 * 1024) }];
    write(`${JSON.stringify({ result: { content }, jsonrpc: "2.0", id })}\n`);
  },
};

const initialize = (id, params) => {
  const result = {
    protocolVersion: params.protocolVersion,
    capabilities: {
      tools: { listChanged: true },
      logging: {},
      ...(has("resources") ? { resources: {}, prompts: {} } : {}),
    },
    serverInfo: { name: "fake", version: "1.0" },
    instructions: "Be nice to the fake.",
  };
  if (!has("slow") || existsSync(options.get("slow"))) {
    send({ id, result });
    return;
  }
  const watcher = watch(dirname(options.get("slow")), () => {
    if (existsSync(options.get("slow"))) {
      watcher.close();
      send({ id, result });
    }
  });
};

// A picture of one pixel.
const picture =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const resources = {
  "notes://one": { mimeType: "text/plain", text: "remember the milk" },
  "memo:1": { mimeType: "text/plain", text: "call the plumber" },
  "notes://picture": { mimeType: "image/png", blob: picture },
};
// Resources that take their time: one comes with what the client says to a question, one never.
const late = {
  "notes://asks": (id, uri) => {
    lastId += 1;
    answers.set(lastId, ({ result }) => {
      send({ id, result: { contents: [{ uri, mimeType: "text/plain", text: JSON.stringify(result) }] } });
    });
    const params = { message: "Which page?", requestedSchema: { type: "object", properties: {} } };
    send({ id: lastId, method: "elicitation/create", params });
  },
  "notes://never": () => {},
};
const more = {
  "resources/list": () => ({ resources: Object.keys(resources).map((uri) => ({ uri, name: uri })) }),
  "resources/read": ({ uri }) => resources[uri] && { contents: [{ uri, ...resources[uri] }] },
  "prompts/list": () => ({
    prompts: [{ name: "greet", description: "Greets.", arguments: [{ name: "whom", required: true }] }],
  }),
  "prompts/get": ({ arguments: { whom } }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Greet ${whom} politely.` } }],
  }),
};

const receive = (message) => {
  if (isDeaf || has("silent")) return;
  const { id, method, params } = message;
  if (method === undefined) answers.get(id)?.(message);
  else if (method === "initialize") initialize(id, params);
  else if (method === "ping") send({ id, result: {} });
  else if (method === "tools/list") {
    send({ id, result: has("endless") ? { tools, nextCursor: "again" } : { tools } });
  } else if (method === "tools/call") {
    if (params.name in calls) calls[params.name](id, params.arguments ?? {}, params._meta ?? {});
    else text(id, `called ${params.name}`);
  } else if (method === "notifications/cancelled") {
    cancelled.push(params.requestId);
    if (awaitsCancel !== null) text(awaitsCancel, "cancelled");
    awaitsCancel = null;
  } else if (method === "resources/read" && params.uri in late) {
    late[params.uri](id, params.uri);
  } else if (has("resources") && method in more) {
    const result = more[method](params ?? {});
    send(result ? { id, result } : { id, error: { code: -32002, message: "no such resource" } });
  } else if (id !== undefined) send({ id, error: { code: -32601, message: "Method not found" } });
};

if (has("babble")) {
  const babble = () => {
    write("blah blah blah\n".repeat(100));
    setImmediate(babble);
  };
  babble();
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => receive(JSON.parse(line)));
lines.on("close", () => {
  if (!has("stubborn")) process.exit(0);
});
if (has("stubborn")) setInterval(() => {}, 1000);
