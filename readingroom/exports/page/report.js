"use strict";
(() => {
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tokens = (text) => new Set((text || "").split(" ").filter(Boolean));
  const meet = (some, others) => [...some].some((each) => others.has(each));

  const stage = one(".figures");
  const cards = one("#cards");
  const hint = one("#hint");
  const sentences = all("[data-sentence]").map((node) => ({
    node,
    line: node.closest(".line") || node,
    card: one(`[data-card="${node.dataset.sentence}"]`),
    lit: tokens(node.dataset.lit),
    source: tokens(node.dataset.source),
  }));
  const overlays = all(".overlay").map((node) => ({ node, evidence: tokens(node.dataset.evidence) }));
  const sentenceOf = (node) => sentences.find((each) => each.node === node);

  const state = { pinned: null, hovered: null, focused: null, evidence: null };
  const active = () => state.pinned || state.hovered || state.focused;

  function show() {
    const now = active();
    const lit = state.evidence || (now ? now.lit : new Set());
    const source = state.evidence || !now ? new Set() : now.source;
    root.classList.toggle("has-active", Boolean(now || state.evidence));
    for (const each of overlays) {
      const hit = meet(each.evidence, lit);
      each.node.classList.toggle("lit", hit);
      each.node.classList.toggle("source", !hit && meet(each.evidence, source));
    }
    for (const each of sentences) {
      each.line.classList.toggle("active", each === now);
      each.line.classList.toggle("pinned", each === state.pinned);
      each.line.classList.toggle("echo", each !== now && Boolean(state.evidence) && meet(each.lit, state.evidence));
      each.node.setAttribute("aria-pressed", String(each === state.pinned));
      each.card.hidden = each !== now;
    }
    hint.hidden = Boolean(now);
    cards.classList.toggle("open", Boolean(now));
    if (now || state.evidence) reveal();
  }

  // Only the strip of figures scrolls, never the page: the reader's place in the text stays.
  function reveal() {
    const mark = one(".overlay.lit", stage) || one(".overlay.source", stage);
    if (!mark) return;
    const film = mark.closest(".film").getBoundingClientRect();
    const frame = stage.getBoundingClientRect();
    if (stage.scrollHeight > stage.clientHeight + 1) {
      if (film.top < frame.top) stage.scrollTop += film.top - frame.top - 8;
      else if (film.bottom > frame.bottom) stage.scrollTop += Math.min(film.bottom - frame.bottom, film.top - frame.top) + 8;
    }
    if (stage.scrollWidth > stage.clientWidth + 1 && (film.left < frame.left || film.right > frame.right)) {
      stage.scrollLeft += film.left - frame.left - (frame.width - film.width) / 2;
    }
  }

  function pin(sentence) {
    state.pinned = state.pinned === sentence ? null : sentence;
    cards.scrollTop = 0;
    show();
  }

  function move(step) {
    if (!sentences.length) return;
    const from = sentences.indexOf(sentenceOf(document.activeElement) || active());
    const next = from < 0 ? (step > 0 ? 0 : sentences.length - 1) : Math.min(Math.max(from + step, 0), sentences.length - 1);
    state.hovered = null;
    sentences[next].node.focus();
  }

  function clear() {
    Object.assign(state, { pinned: null, hovered: null, focused: null, evidence: null });
    if (sentenceOf(document.activeElement)) document.activeElement.blur();
    show();
  }

  // A short wait lets the pointer cross from a sentence to its card without losing it.
  let leaving = 0;
  const stay = () => clearTimeout(leaving);
  const leave = () => {
    stay();
    leaving = setTimeout(() => { state.hovered = null; show(); }, 250);
  };
  cards.addEventListener("pointerenter", stay);
  cards.addEventListener("pointerleave", leave);

  for (const each of sentences) {
    each.node.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "touch") return;
      stay();
      state.hovered = each;
      show();
    });
    each.node.addEventListener("pointerleave", leave);
    each.node.addEventListener("focus", () => {
      if (state.pinned !== each) state.pinned = null;
      state.focused = each;
      cards.scrollTop = 0;
      show();
    });
    each.node.addEventListener("blur", () => { state.focused = null; show(); });
    each.node.addEventListener("click", () => { if (String(getSelection()) === "") pin(each); });
  }

  function point(evidence, readout, label) {
    state.evidence = evidence;
    if (readout) readout.textContent = label;
    show();
  }
  for (const { node, evidence } of overlays) {
    const readout = one(".readout", node.closest(".film"));
    node.addEventListener("pointerenter", () => point(evidence, readout, node.dataset.label));
    node.addEventListener("pointerleave", () => point(null, readout, ""));
    node.addEventListener("click", () => {
      if (dragged) return;
      const citing = sentences.filter((each) => meet(each.lit, evidence));
      if (!citing.length) return;
      const next = citing[(citing.indexOf(state.pinned) + 1) % citing.length];
      state.pinned = next;
      next.node.focus({ preventScroll: true });
      next.node.scrollIntoView({ block: "nearest" });
      show();
    });
  }
  for (const node of all("a.cite")) {
    const evidence = tokens(node.dataset.evidence);
    node.addEventListener("pointerenter", () => { stay(); point(evidence, null, ""); });
    node.addEventListener("pointerleave", () => { leave(); point(null, null, ""); });
    node.addEventListener("click", () => { one("#ledger").open = true; });
  }

  function outlines(mode) {
    document.body.dataset.outlines = mode;
    for (const node of all("[data-outlines-to]")) node.setAttribute("aria-pressed", String(node.dataset.outlinesTo === mode));
  }
  for (const node of all("[data-outlines-to]")) node.addEventListener("click", () => outlines(node.dataset.outlinesTo));
  const modes = ["all", "active", "none"];
  const keys = {
    j: () => move(1), k: () => move(-1), Escape: clear,
    o: () => outlines(modes[(modes.indexOf(document.body.dataset.outlines) + 1) % modes.length]),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = sentenceOf(event.target);
    const onSentence = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => pin(here), " ": () => pin(here) };
    const act = keys[event.key] || (here && onSentence[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });

  one("#theme").addEventListener("click", () => {
    const light = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
    root.dataset.theme = light ? "dark" : "light";
  });

  // Zoom moves the viewBox, so outlines keep their width and nothing needs a style attribute.
  let dragged = false;
  for (const film of all(".film")) {
    const picture = one(".picture", film);
    const full = { w: Number(film.dataset.columns), h: Number(film.dataset.rows) };
    const box = { x: 0, y: 0, ...full };
    film.style.setProperty("--ratio", String(full.w / full.h));
    const draw = () => {
      box.x = Math.min(Math.max(box.x, 0), full.w - box.w);
      box.y = Math.min(Math.max(box.y, 0), full.h - box.h);
      picture.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
      picture.classList.toggle("zoomed", box.w < full.w);
    };
    const zoom = (factor, x = box.x + box.w / 2, y = box.y + box.h / 2) => {
      const w = Math.min(full.w, Math.max(full.w / 12, box.w / factor));
      const kept = w / box.w;
      Object.assign(box, { x: x - (x - box.x) * kept, y: y - (y - box.y) * kept, w, h: (w * full.h) / full.w });
      draw();
    };
    const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const by = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), fit: () => zoom(1 / 99) };
    for (const button of all("[data-zoom]", film)) button.addEventListener("click", () => by[button.dataset.zoom]());
    picture.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && box.w >= full.w) return;
      event.preventDefault();
      const { x, y } = at(event);
      zoom(Math.exp(-event.deltaY / 300), x, y);
    }, { passive: false });
    picture.addEventListener("dblclick", (event) => {
      const { x, y } = at(event);
      zoom(box.w < full.w ? 1 / 99 : 2.5, x, y);
    });
    let held = null;
    picture.addEventListener("pointerdown", (event) => { dragged = false; held = box.w < full.w ? at(event) : null; });
    picture.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return;
      const { x, y } = at(event);
      dragged = dragged || Math.hypot(x - held.x, y - held.y) > box.w / 200;
      box.x += held.x - x;
      box.y += held.y - y;
      draw();
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) picture.addEventListener(end, () => { held = null; });
  }

  const folds = all("details");
  let before = [];
  addEventListener("beforeprint", () => { before = folds.map((each) => each.open); for (const each of folds) each.open = true; });
  addEventListener("afterprint", () => folds.forEach((each, place) => { each.open = before[place]; }));
})();
