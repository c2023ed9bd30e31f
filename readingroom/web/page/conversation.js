// The conversation: questions, plans at work, answers sentence by sentence; it comes back as it was after a reload.

import { get, post } from "./api.js";
import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";
import { setLedger } from "./light.js";
import { tellError, tellWell, tried } from "./notices.js";
import { drawFor } from "./overlays.js";
import { approvePlans } from "./preferences.js";
import { sentenceLine } from "./sentences.js";
import { signal } from "./signal.js";
import * as stage from "./stage.js";
import { chat, chats, run, shutOut, study, tab } from "./state.js";
import { planCard, tick, withNeeds } from "./steps.js";
import { follow } from "./stream.js";
import { asked, happened, recorded, report } from "./turns.js";
import { tally, VERDICTS } from "./verdicts.js";

export const working = signal(false);
const nodes = new Map();
let turns = [],
  leave = null,
  timer = 0;
// Up to which event a conversation taken up at work is told again, and of which turn.
let again = { upto: 0, number: 0, on: false };

const act = {
  async decide(turn, approved) {
    const body = { turn: turn.number, approved, dropped: [...turn.dropped] };
    turn.waiting = false;
    draw(turn);
    await tried(() => post(["chats", chat.get().id, "approval"], body));
  },
  drop(turn, id) {
    if (turn.dropped.has(id)) turn.dropped.delete(id);
    else turn.dropped.add(id);
    turn.dropped = withNeeds(turn.plan, turn.dropped);
    draw(turn);
  },
  again: (turn) => draw(turn),
};

function draftCard(turn, id) {
  const told = turn.turn.answer.report;
  const found = tally(told?.verification?.checks?.filter((check) => ["findings", "impression"].includes(check.section)) || []);
  return el(
    "div",
    { class: "draft-card" },
    el("p", { class: "draft-title" }, icon("report"), bdi(told?.title || "Draft")),
    el(
      "ul",
      { class: "tallies" },
      Object.entries(found)
        .filter(([, number]) => number)
        .map(([kind, number]) => el("li", { class: `v-${kind}` }, icon(kind), `${number} ${VERDICTS[kind]}`)),
    ),
    button({
      class: "strong",
      text: "Open the draft",
      on: {
        click: () => {
          run.set(id);
          tab.set("report");
        },
      },
    }),
  );
}

function answerOf(turn) {
  const answer = turn.turn?.answer;
  if (!answer) return [];
  const checks = new Map((answer.verification?.checks || []).map((check) => [check.target, check]));
  const line = (each) =>
    sentenceLine({
      key: `turn${turn.number}:${each.id}`,
      text: each.text,
      cites: each.evidence,
      check: checks.get(each.id) || null,
      record: each.kind === "record",
    });
  const first = answer.sentences.filter((each) => !each.beyond),
    beyond = answer.sentences.filter((each) => each.beyond);
  const id = report(turn);
  const not = [...answer.unanswered];
  return [
    answer.status === "declined" ? el("p", { class: "soft", text: "The plan was not approved; nothing was done." }) : null,
    first.length ? el("ul", { class: "sentences" }, first.map(line)) : null,
    id ? draftCard(turn, id) : null,
    not.length
      ? el(
          "ul",
          { class: "cannot" },
          not.map((text) => el("li", {}, icon("unsupported"), bdi(text))),
        )
      : null,
    beyond.length ? [el("h3", { text: "Beyond the question" }), el("ul", { class: "sentences" }, beyond.map(line))] : null,
    (answer.verification?.omissions || []).map((omission) =>
      el("p", { class: "omission" }, icon("unsupported"), el("b", { text: "left out: " }), bdi(omission.reason)),
    ),
    answer.limitations.length && !id
      ? el(
          "details",
          { class: "limits" },
          el("summary", {}, icon("chevron"), `${answer.limitations.length} limitations`),
          el(
            "ul",
            {},
            answer.limitations.map((each) => el("li", {}, bdi(each.text))),
          ),
        )
      : null,
  ];
}

function content(turn) {
  return [
    el("p", { class: "question" }, bdi(turn.question)),
    el(
      "div",
      { class: "answer" },
      planCard(turn, act),
      turn.live && !turn.plan ? el("p", { class: "thinking", text: "Planning" }) : null,
      turn.live
        ? turn.said.map((each) =>
            el("p", { class: "said" }, each.agent ? el("b", { text: `${each.agent}: ` }) : null, bdi(each.text)),
          )
        : null,
      turn.stopped && !turn.error ? el("p", { class: "omission" }, icon("stop"), bdi(`Stopped: ${turn.stopped}`)) : null,
      answerOf(turn),
      turn.error && !turn.live ? el("p", { class: "alarm small" }, icon("unsupported"), bdi(turn.error)) : null,
    ),
  ].flat(3);
}

function draw(turn) {
  const box = one("#turns");
  const old = nodes.get(turn.number);
  const below = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const node = el("li", { class: `turn${turn.live ? " live" : ""}`, data: { turn: turn.number } }, content(turn).filter(Boolean));
  if (old) old.replaceWith(node);
  else box.append(node);
  nodes.set(turn.number, node);
  if (below || turn.live) box.scrollTop = box.scrollHeight;
}

function busy() {
  const live = turns.some((turn) => turn.live);
  working.set(live);
  clearInterval(timer);
  if (live)
    timer = setInterval(() => {
      for (const turn of turns) if (turn.live) tick(nodes.get(turn.number), turn);
    }, 200);
}

async function settled(turn) {
  const open = chat.get();
  setLedger(await get(["chats", open.id, "evidence"]));
  if (!run.get() || report(turn)) drawFor({ chat: open.id });
  stage.reload();
  draw(turn);
  if (report(turn)) {
    run.set(report(turn));
    tab.set("report");
  }
  chats.set(await get(["chats"]));
}

function came(name, data, id) {
  if (id <= again.upto) {
    if (name === "asked") again.on = data.number === again.number;
    if (!again.on) return;
  }
  if (name === "removed") {
    gone();
    return;
  }
  if (name === "undone") {
    reopen(chat.get().id);
    return;
  }
  const last = turns.at(-1);
  let turn = data.number ? turns.find((each) => each.number === data.number) : last;
  if (name === "asked") {
    if (turn && !turn.live) return;
    if (!turn) {
      turn = asked(data.number, data.question);
      turns.push(turn);
    }
  }
  if (!turn || (!turn.live && name !== "answered")) return;
  const fresh = turn.live;
  happened(turn, name, data);
  draw(turn);
  busy();
  shown();
  if (name === "answered" && fresh) settled(turn).catch(tellError);
  one("#say").textContent =
    { waiting: "A plan waits for your word.", answered: "Answered.", failed: data.error || "", stopped: "Stopped." }[name] || "";
}

function shown() {
  one("#begin").hidden = Boolean(study.get());
  one("#suggestions").hidden = turns.length > 0 || !study.get();
}

export function close() {
  leave?.();
  one("#broken").hidden = true;
  leave = null;
  clearInterval(timer);
  turns = [];
  nodes.clear();
  one("#turns").replaceChildren();
  chat.set(null);
  working.set(false);
  setLedger([]);
  drawFor(null);
  shown();
}

// Removed here or in another window.
function gone() {
  close();
  run.set(null);
  tellWell("This conversation was deleted.");
  get(["chats"]).then((found) => chats.set(found), tellError);
}

// Why the stream was refused: it is tried again unless nothing is there to come.
async function refused(id) {
  try {
    await get(["chats", id]);
  } catch (error) {
    if (error.status === 404) gone();
    if (error.status === 401) shutOut.set(true);
    return ![401, 404].includes(error.status);
  }
  return true;
}

export async function reopen(id) {
  const told = await get(["chats", id]);
  close();
  chat.set(told);
  drawFor({ chat: id });
  setLedger(await get(["chats", id, "evidence"]));
  turns = told.turns.filter((turn) => !turn.undone).map(recorded);
  const open = told.working ? told.turns.at(-1)?.number : 0;
  again = { upto: told.working ? told.last_event : 0, number: open, on: false };
  if (told.working) turns = turns.filter((turn) => turn.number !== open);
  for (const turn of turns) draw(turn);
  const reported = [...turns].reverse().find(report);
  if (reported && !run.get()) run.set(report(reported));
  stage.reload();
  busy();
  shown();
  // A turn at work is told again from its beginning; what is done came with the conversation itself.
  leave = follow(id, told.working ? 0 : told.last_event, {
    event: came,
    connected: (yes) => {
      one("#broken").hidden = yes;
    },
    refused: () => refused(id),
  });
  return told;
}

export async function begin() {
  const made = await post(["chats"], { study: study.get().id });
  run.set(null);
  await reopen(made.id);
  chats.set(await get(["chats"]));
  return made;
}

export async function ask(question) {
  await tried(async () => {
    if (!chat.get()) await begin();
    tab.set("chat");
    await post(["chats", chat.get().id, "turns"], { question, approve: approvePlans.get() });
  });
}

export async function draft(given) {
  await tried(async () => {
    if (!chat.get()) await begin();
    tab.set("chat");
    await post(["drafts"], { study: study.get().id, words: given, chat: chat.get().id });
  });
}

export const stop = () => tried(() => post(["chats", chat.get().id, "stop"], {}));

export const undo = () =>
  tried(async () => {
    const before = run.get();
    await post(["chats", chat.get().id, "undo"], {});
    if (before) run.set(null);
    await reopen(chat.get().id);
  });
