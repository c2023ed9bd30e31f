// A session by the TypeScript SDK's client, which shares no code with the server.
// node session.cjs <node_modules> <command> <argument> ... prints what it saw as JSON.
const [, , modules, command, ...args] = process.argv;
const path = require("node:path");
const sdk = (file) => require(path.join(modules, "@modelcontextprotocol", "sdk", "dist", "cjs", file));
const { Client } = sdk("client/index.js");
const { StdioClientTransport } = sdk("client/stdio.js");

(async () => {
  const client = new Client({ name: "independent", version: "1.0.0" });
  await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" }));
  const call = (name, given, options) => client.callTool({ name, arguments: given }, undefined, options);
  let late = 0; // progress that the client reads in one piece with the answer, and then knows nobody for
  client.onerror = (error) => { late += error.message.includes("progress notification for an unknown token"); };
  const seen = { server: client.getServerVersion().name, progress: [] };
  seen.tools = (await client.listTools()).tools.map((tool) => tool.name); // it also compiles the output schemas
  const studies = (await call("list_studies", {})).structuredContent.studies;
  const study = studies[0].study;
  const drafted = await call("draft", { study }, { onprogress: (told) => seen.progress.push(told.progress) });
  seen.late = late;
  seen.verdicts = drafted.structuredContent.sentences.map((sentence) => sentence.verdict);
  seen.error = await call("open_study", { study: "study-ffffffffff" });
  const stopping = new AbortController();
  const stopped = call("draft", { study }, { signal: stopping.signal, onprogress: () => stopping.abort("enough") });
  seen.stopped = await stopped.then(() => "answered", () => "cancelled");
  seen.after = (await call("list_studies", {})).structuredContent.studies.length;
  const report = await client.readResource({ uri: `readingroom://runs/${drafted.structuredContent.run}/report` });
  seen.notice = JSON.parse(report.contents[0].text).notice;
  await client.close();
  console.log(JSON.stringify(seen));
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
