// The plan as a list of cards, one a tool call: what it does, how it stands, how long it took, what it gave.

import { get } from "./api.js";
import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";
import { citeChip } from "./sentences.js";
import { study } from "./state.js";
import { stateOf } from "./turns.js";
import { words } from "./verdicts.js";

const STATES = {
  planned: "planned",
  waiting: "waiting",
  running: "running",
  done: "done",
  failed: "failed",
  stopped: "stopped",
  dropped: "left out",
};
const SIGNS = {
  done: "supported",
  failed: "contradicted",
  stopped: "stop",
  dropped: "strike",
  running: "tool",
  planned: "not_checkable",
  waiting: "not_checkable",
};
const SHOWN = 12;
const FEW = 3;

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const seconds = (value) =>
  value === undefined || value === null ? "" : value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(0)} s`;

// An image by what the reader knows it as: its role, and its view where there are several of that role.
function called(id) {
  const images = study.get()?.images || [];
  const image = images.find((each) => each.id === id);
  if (!image) return id;
  const alike = images.filter((each) => each.role === image.role);
  return alike.length > 1
    ? `${image.role} ${alike.indexOf(image) + 1}`
    : image.role === "prior"
      ? "the prior"
      : image.role === "current"
        ? "the current image"
        : `the ${image.role}`;
}

function about(step) {
  const given = step.arguments || {};
  const of = given.targets || given.labels || [];
  const named = Array.isArray(of) ? of.join(", ") : "";
  const images = Array.isArray(given.images)
    ? given.images
    : [given.image, given.prior].filter((each) => typeof each === "string");
  if (!named && !images.length && step.arguments) return `with ${JSON.stringify(given)}`; // all that is sent, for a yes to it
  return [named, images.length ? `in ${images.map(called).join(" and ")}` : ""].filter(Boolean).join(" ");
}

const elapsed = (call) => (call?.seen ? (Date.now() - call.seen) / 1000 : 0);

function card(turn, step, act) {
  const call = turn.calls.get(step.id);
  const state = turn.dropped.has(step.id) ? "dropped" : stateOf(turn, step);
  const evidence = (turn.turn?.answer?.evidence || []).filter((item) => item.origin.step === step.id).map((item) => item.id);
  const count = call?.evidence?.length || 0;
  const gave =
    call?.error ||
    (state === "done"
      ? [count && !evidence.length ? `${count} evidence` : "", call?.from_record ? "from the record" : ""]
          .filter(Boolean)
          .join(", ")
      : "");
  const took = call?.state === "running" ? elapsed(call) : call?.seconds;
  const drop = turn.waiting
    ? el("input", {
        type: "checkbox",
        checked: !turn.dropped.has(step.id),
        "aria-label": `Run ${step.id}`,
        on: { change: () => act.drop(turn, step.id) },
      })
    : null;
  return el(
    "li",
    { class: `step s-${state}`, data: { step: step.id } },
    drop,
    el("span", { class: "step-sign" }, icon(SIGNS[state])),
    el("span", { class: "step-name" }, bdi(capital(words(step.tool))), " ", bdi(about(step), { class: "soft" })),
    el("span", { class: "step-time", data: { time: "" }, text: seconds(took) }),
    el("span", { class: "step-state", text: STATES[state] }),
    gave || step.why || evidence.length
      ? el(
          "span",
          { class: `step-gave${call?.error ? " bad" : ""}` },
          evidence.length ? evidence.slice(0, SHOWN).map(citeChip) : null,
          evidence.length > SHOWN ? ` and ${evidence.length - SHOWN} more ` : "",
          bdi(gave || (evidence.length ? "" : step.why)),
        )
      : null,
  );
}

// Steps that need what a dropped one gives cannot run either.
export function withNeeds(plan, dropped) {
  const gone = new Set(dropped);
  const needs = (value) =>
    Array.isArray(value)
      ? value.flatMap(needs)
      : value && typeof value === "object"
        ? typeof value.from === "string"
          ? [value.from]
          : Object.values(value).flatMap(needs)
        : [];
  for (const step of plan.steps) if (needs(step.arguments).some((id) => gone.has(id))) gone.add(step.id);
  return gone;
}

export function planCard(turn, act) {
  const { plan } = turn;
  if (!plan) return null;
  const calls = [...turn.calls.values()];
  const done = calls.filter((call) => call.state === "done").length;
  const total = calls.reduce((sum, call) => sum + (call.seconds || 0), 0);
  const head = turn.waiting
    ? "A plan, waiting for your word"
    : turn.live
      ? `Working: ${done} of ${plan.steps.length} steps done`
      : `${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"}${total ? `, ${seconds(total)}` : ""}`;
  const list = el(
    "ol",
    { class: "steps" },
    plan.steps.map((step) => card(turn, step, act)),
  );
  const node = el(
    "details",
    { class: `plan${turn.waiting ? " waiting" : ""}`, open: turn.open ?? (turn.live || plan.steps.length <= FEW) },
    el(
      "summary",
      {},
      icon("chevron"),
      el("span", { text: plan.steps.length ? head : "Nothing had to be called" }),
      bdi(`${plan.aim} · ${plan.planner}`, { class: "soft" }),
    ),
    plan.steps.length ? list : null,
    plan.cannot.length
      ? el(
          "ul",
          { class: "cannot" },
          plan.cannot.map((text) => el("li", {}, icon("unsupported"), bdi(text))),
        )
      : null,
    turn.waiting
      ? el(
          "div",
          { class: "decide" },
          button({ class: "strong", text: "Run this plan", on: { click: () => act.decide(turn, true) } }),
          button({ text: "Decline", on: { click: () => act.decide(turn, false) } }),
          el("span", { class: "soft", text: "Untick a step to leave it out." }),
        )
      : null,
  );
  one("summary", node).addEventListener("click", () => {
    turn.open = !node.open;
  });
  node.addEventListener("toggle", () => {
    if (node.open && !turn.live && !turn.calls.size && turn.turn?.run) recall(turn, act.again);
  });
  return node;
}

// The times of an earlier turn, from its run's record.
async function recall(turn, again) {
  try {
    const { steps } = await get(["runs", turn.turn.run]);
    for (const step of steps) {
      if (step.tool === "approval" || step.tool === "model") continue;
      turn.calls.set(step.name, {
        step: step.name,
        seconds: step.elapsed_ms === null ? undefined : step.elapsed_ms / 1000,
        state: step.status === "failed" ? "failed" : "done",
        error: step.error || "",
        from_record: step.of !== null && step.of !== undefined,
      });
    }
    again(turn);
  } catch {
    /* the record may belong to another session; the plan is shown all the same */
  }
}

export function tick(node, turn) {
  for (const call of turn.calls.values()) {
    if (call.state !== "running") continue;
    const time = node.querySelector(`[data-step="${CSS.escape(call.step)}"] [data-time]`);
    if (time) time.textContent = seconds(elapsed(call));
  }
}
