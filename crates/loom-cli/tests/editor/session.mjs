// An editor by the protocol's TypeScript library: it starts the agent that the arguments name, has a
// conversation with permission and with cancel, and prints what it saw as one JSON object.
//
//     node session.mjs FOLDER AGENT [ARGUMENT…]
//
// The library is installed in the folder that NODE_LIBRARY names.

import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const library = `${process.env.NODE_LIBRARY}/node_modules/@agentclientprotocol/sdk/dist/v1/stable/acp.js`;
const acp = await import(pathToFileURL(library));

const [folder, program, ...args] = process.argv.slice(2);
const agent = spawn(program, args, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
const stream = acp.ndJsonStream(Writable.toWeb(agent.stdin), Readable.toWeb(agent.stdout));

const seen = { updates: [], permissions: [], stops: [] };
let asked = () => {};
let cancelled = () => {};
const cancelling = new Promise((resolve) => (cancelled = resolve));

const app = acp
  .client({ name: "test" })
  .onRequest(acp.methods.client.session.requestPermission, async ({ params }) => {
    seen.permissions.push(params.options.map((option) => option.kind));
    if (seen.permissions.length > 1) {
      asked();
      await cancelling;
      return { outcome: { outcome: "cancelled" } };
    }
    const option = params.options.find((option) => option.kind === "allow_once");
    return { outcome: { outcome: "selected", optionId: option.optionId } };
  })
  .onNotification(acp.methods.client.session.update, ({ params }) => {
    seen.updates.push(params.update.sessionUpdate);
  });

await app.connectWith(stream, async (context) => {
  const greeting = await context.request(acp.methods.agent.initialize, {
    protocolVersion: acp.PROTOCOL_VERSION,
    clientCapabilities: {},
  });
  seen.version = greeting.protocolVersion;
  seen.agent = greeting.agentInfo.name;
  const { sessionId } = await context.request(acp.methods.agent.session.new, {
    cwd: folder,
    mcpServers: [],
  });
  const say = async (text) => {
    const prompt = [{ type: "text", text }];
    const response = await context.request(acp.methods.agent.session.prompt, { sessionId, prompt });
    seen.stops.push(response.stopReason);
  };
  await say("make it");
  const second = new Promise((resolve) => (asked = resolve));
  const turn = say("make another");
  await second;
  await context.notify(acp.methods.agent.session.cancel, { sessionId });
  cancelled();
  await turn;
  const list = await context.request(acp.methods.agent.session.list, { cwd: folder });
  seen.listed = list.sessions.map((session) => session.sessionId === sessionId);
  await context.request(acp.methods.agent.session.close, { sessionId });
  seen.loaded = [];
  const before = seen.updates.length;
  await context.request(acp.methods.agent.session.load, { sessionId, cwd: folder, mcpServers: [] });
  seen.loaded = [...new Set(seen.updates.slice(before))];
});

agent.stdin.end();
seen.code = await new Promise((resolve) => agent.once("exit", resolve));
seen.updates = [...new Set(seen.updates)].sort();
console.log(JSON.stringify(seen));
