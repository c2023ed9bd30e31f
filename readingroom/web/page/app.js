// The page put together: the session, what the address says is open, the panes and their tabs.

import { get } from "./api.js";
import * as composer from "./composer.js";
import * as conversation from "./conversation.js";
import { all, el, one } from "./dom.js";
import { icon } from "./icons.js";
import * as intake from "./intake.js";
import * as keys from "./keys.js";
import * as library from "./library.js";
import { lit, pinned } from "./light.js";
import { tellError } from "./notices.js";
import { theme, wide } from "./preferences.js";
import * as report from "./report.js";
import * as runs from "./runs.js";
import { chooseFor } from "./sentences.js";
import * as stage from "./stage.js";
import { readAddress, run, session, shutOut, studies, study, tab } from "./state.js";
import { filmstrip, planeSlider, toolbar } from "./toolbar.js";

const NARROW = matchMedia("(max-width: 60rem)");
const STEP = 24,
  LEAST = 320,
  MOST = 900;

function themes() {
  const root = document.documentElement;
  theme.watch((now) => {
    if (now) root.dataset.theme = now;
    else delete root.dataset.theme;
  });
  one("#theme").addEventListener("click", () => {
    const light = theme.get() ? theme.get() === "light" : matchMedia("(prefers-color-scheme: light)").matches;
    theme.set(light ? "dark" : "light");
  });
}

// The tabs at the right; on a narrow screen studies and images are tabs of the same row.
function tabs() {
  const list = all("[role=tab]");
  const show = (name) => {
    for (const node of list) {
      const on = node.dataset.tab === name;
      node.setAttribute("aria-selected", String(on));
      node.tabIndex = on ? 0 : -1;
    }
    for (const node of all("[role=tabpanel]")) node.hidden = node.dataset.tab !== name;
  };
  tab.watch(show);
  tab.watch(() => pane("talk"), { now: false });
  one("[role=tablist]").addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const now = list.findIndex((node) => node.dataset.tab === tab.get());
    const next = list[(now + by + list.length) % list.length];
    tab.set(next.dataset.tab);
    next.focus();
    event.preventDefault();
  });
  for (const node of list)
    node.addEventListener("click", () => {
      tab.set(node.dataset.tab);
      pane("talk");
    });
}

// On a narrow screen one pane stands at a time.
function pane(name) {
  document.body.dataset.pane = name;
  for (const node of all("[data-pane-to]")) node.setAttribute("aria-pressed", String(node.dataset.paneTo === name));
}

function splitter() {
  const node = one("#splitter");
  const set = (width) => {
    const held = Math.min(MOST, Math.max(LEAST, width));
    wide.set(held);
  };
  wide.watch((width) => {
    if (width) document.body.style.setProperty("--talk", `${width}px`);
    node.setAttribute("aria-valuenow", String(width || 440));
  });
  const now = () => one("#talk").getBoundingClientRect().width;
  node.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    set(now() + by);
  });
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    const move = (at) => set(innerWidth - at.clientX);
    node.addEventListener("pointermove", move);
    node.addEventListener("pointerup", () => node.removeEventListener("pointermove", move), { once: true });
  });
}

function heads() {
  for (const node of all("[data-icon]")) node.prepend(icon(node.dataset.icon));
  for (const node of all("[data-pane-to]")) node.addEventListener("click", () => pane(node.dataset.paneTo));
  one("#fold").addEventListener("click", () => {
    const folded = document.body.classList.toggle("folded");
    one("#fold").setAttribute("aria-expanded", String(!folded));
  });
  study.watch((open) => {
    one("#title").replaceChildren(open ? el("bdi", { text: open.title }) : "");
    document.title = open ? `${open.title} · Reading Room` : "Reading Room";
    if (NARROW.matches && open) pane("films");
  });
  session.watch((now) => {
    if (!now) return;
    one("#notice").textContent = now.notice;
    one("#about").textContent = `${now.version} · planner ${now.planner} · ${now.backend}`;
    one("#model").hidden = !now.configure;
  });
  one("#model").addEventListener("click", composer.configureSheet);
}

async function restore() {
  const told = readAddress();
  await library.refresh();
  if (told.study && studies.get().some((each) => each.id === told.study)) {
    await library.openStudy(told.study);
    if (told.run) run.set(told.run);
    if (told.chat) await conversation.reopen(told.chat).catch(tellError);
  } else if (told.run) {
    run.set(told.run);
  }
  if (["chat", "report", "runs"].includes(told.tab)) tab.set(told.tab);
}

// Without a session there is nothing to show but how to get one.
function stranger() {
  const box = one(".welcome");
  document.body.classList.add("stranger");
  one("#stage").classList.add("empty");
  box.replaceChildren(
    el("img", { src: "mark.svg", alt: "", width: "56", height: "56" }),
    el("h2", { text: "Open the link that the server printed" }),
    el(
      "p",
      {},
      "This browser has no session here yet, or its session is over: ",
      el("code", { text: "readingroom serve" }),
      " prints a link that works once.",
    ),
  );
}

async function start() {
  themes();
  tabs();
  heads();
  splitter();
  stage.begin(one("#films"));
  toolbar(one("#tools"), keys.help);
  planeSlider(one("#planes"));
  filmstrip(one("#strip"));
  report.begin();
  runs.begin();
  library.begin(intake.chooseFiles);
  intake.begin();
  keys.begin();
  lit.watch(
    () => {
      document.body.classList.toggle("seeing", Boolean(pinned()));
      // The film that comes up takes room: the sentence that it belongs to stays in sight.
      if (NARROW.matches) one("#talk .line.pinned")?.scrollIntoView({ block: "nearest" });
    },
    { now: false },
  );
  document.addEventListener("overlaychosen", (event) => chooseFor(event.detail));
  addEventListener("hashchange", () => restore().catch(tellError));
  shutOut.watch((yes) => {
    if (yes) stranger();
  });
  pane("library");
  stage.open(null);
  try {
    session.set(await get(["session"]));
    composer.begin();
    await restore();
  } catch (error) {
    if (error.status === 401) shutOut.set(true);
    else tellError(error);
  }
  document.body.dataset.ready = "yes";
}

start();
