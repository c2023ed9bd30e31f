"use strict";
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const data = JSON.parse(one("#data").textContent);
const state = { failures: 0, metric: 0, arm: 0, base: 0, case: null, seed: null };
const SVG = "http://www.w3.org/2000/svg";

// Every text goes in as text: nothing that a draft or a dataset says can become an element.
function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}
function draw(tag, options = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(options)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const icon = (name) => draw("svg", { class: "icon", "aria-hidden": "true" }, draw("use", { href: `#i-${name}` }));
const bdi = (text) => make("bdi", {}, text);
const fill = (select, entries, value) => {
  one(select).replaceChildren(...entries.map(([key, text]) => make("option", { value: key, selected: String(key) === String(value) }, text)));
};

const NONE = "–";
const number = (value) => (value === null || value === undefined ? NONE : value.toFixed(Math.abs(value) < 100 ? 2 : 0).replace("-", "−"));
const signed = (value) => (value === null || value === undefined ? NONE : `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value))}`);
const p_value = (value) => (value === null || value === undefined ? NONE : value < 0.001 ? "< 0.001" : value.toFixed(3));
const span = ([value, low, high]) => (value === null ? NONE : low === null ? number(value) : `${number(value)} (${number(low)} to ${number(high)})`);
const spread = ([value, low, high]) => (value === null ? NONE : low === null ? signed(value) : `${signed(value)} (${signed(low)} to ${signed(high)})`);
const figure = (arm, metric) => (data.arms[arm].figures[metric] || [])[state.failures] || null;
const signs = ([difference, low, high, ...rest]) => [...[difference, high, low].map((value) => (value === null ? null : -value)), ...rest];
const turned = (found) => found && { ...found, rows: Object.fromEntries(Object.entries(found.rows).map(([place, rows]) => [place, rows.map(signs)])) };
const against = (arm, base) => data.against.find((each) => each.arm === arm && each.base === base) || turned(data.against.find((each) => each.arm === base && each.base === arm));
const bases = (arm) => data.against.filter((each) => each.arm === arm && !each.differs).map((each) => each.base);
const blind = (arm) => data.arms[arm].blind;
const ALPHA = 0.05;

// Whether a difference is better or worse, all metrics considered: as Comparison.different; empty where it cannot be told.
function judged(metric, row) {
  if (!row || row[4] === null || row[4] >= ALPHA || row[1] === null || (row[1] <= 0 && row[2] >= 0)) return "";
  return data.metrics[metric].lower === row[0] < 0 ? "better" : "worse";
}
const verdict_word = (word) => make("b", { class: word === "better" ? "ok" : "bad" }, icon(word === "better" ? "supported" : "contradicted"), ` ${word}`);

function dots(values, low, high, label, word = "", zero = null) {
  const at = (value) => 4 + (172 * (Math.min(Math.max(value, low), high) - low)) / (high - low || 1);
  const svg = draw("svg", { class: `dots ${word}`, viewBox: "0 0 180 18", role: "img", "aria-label": label });
  svg.append(draw("line", { class: "axis", x1: 4, x2: 176, y1: 9, y2: 9 }));
  if (zero !== null) svg.append(draw("line", { class: "zero", x1: at(zero), x2: at(zero), y1: 1, y2: 17 }));
  if (values[1] !== null) svg.append(draw("line", { class: "whisker", x1: at(values[1]), x2: at(values[2]), y1: 9, y2: 9 }));
  if (values[0] !== null) svg.append(draw("circle", { class: "dot", cx: at(values[0]), cy: 9, r: 4 }));
  return svg;
}
const heads = (names) => make("thead", {}, make("tr", {}, ...names.map(([text, kind]) => make("th", { scope: "col", class: kind || "" }, text))));

function difference(arm, base) {
  const row = ((against(arm, base) || { rows: {} }).rows[state.metric] || [])[state.failures];
  if (!row || row[0] === null) return make("td", { class: "soft" }, NONE);
  const word = judged(state.metric, row);
  return make("td", {}, `${signed(row[0])}, p ${p_value(row[4])} `, word ? verdict_word(word) : make("span", { class: "soft" }, row[8] || "no difference shown"));
}

function ranking() {
  const metric = data.metrics[state.metric];
  const order = data.arms.map((_, place) => place).filter((place) => (figure(place, state.metric) || [null])[0] !== null);
  order.sort((a, b) => (metric.lower ? 1 : -1) * (figure(a, state.metric)[0] - figure(b, state.metric)[0]));
  const top = metric.share ? 1 : Math.max(...order.map((arm) => figure(arm, state.metric)[2] ?? figure(arm, state.metric)[0]), 0);
  one("#way").textContent = `${metric.lower ? "lower" : "higher"} is better${metric.safety ? "; a measure of safety" : ""}${metric.sanity ? "; for a look only, never for a ranking of safety" : ""}`;
  const rows = order.map((arm, place) => {
    const found = data.arms[arm], value = figure(arm, state.metric), compared = bases(arm);
    const rank = 1 + order.findIndex((other) => figure(other, state.metric)[0] === value[0]);
    return make("tr", { class: arm === state.arm ? "chosen" : "" },
      make("td", { class: "rank" }, String(rank)),
      make("th", { scope: "row" }, make("button", { type: "button", class: "pick", "aria-pressed": null, onclick: () => choose(arm) }, bdi(found.name)), " ", found.baseline ? make("span", { class: "tag" }, "baseline") : null),
      make("td", {}, dots(value, 0, top, span(value))),
      make("td", { class: "n" }, span(value)),
      make("td", { class: "n" }, `${found.drafts - (state.failures ? found.failed : 0)}${found.failed ? ` (${found.failed} failed)` : ""}`),
      difference(arm, compared.find((base) => blind(base))),
      difference(arm, compared.find((base) => !blind(base))));
  });
  one("#ranking").replaceChildren(heads([["", "rank"], ["template / writer / tools / check"], ["95 % interval"], ["figure", "n"], ["drafts", "n"], ["minus no tools"], ["minus no check"]]), make("tbody", {}, ...rows));
}

function matrix() {
  const kept = data.metrics.map((_, place) => place).filter((place) => !data.metrics[place].sanity);
  const shown = [...kept, ...data.metrics.map((_, place) => place).filter((place) => data.metrics[place].sanity)];
  const best = new Map(shown.map((metric) => {
    const values = data.arms.map((_, arm) => (figure(arm, metric) || [null])[0]).filter((value) => value !== null);
    return [metric, data.metrics[metric].lower ? Math.min(...values) : Math.max(...values)];
  }));
  const rows = data.arms.map((arm, place) => make("tr", {}, make("th", { scope: "row" }, bdi(arm.name)), ...shown.map((metric) => {
    const value = figure(place, metric);
    if (!value || value[0] === null) return make("td", { class: "soft" }, NONE);
    return make("td", { class: value[0] === best.get(metric) ? "best" : "" }, number(value[0]), make("small", {}, value[1] === null ? value[5] || "" : `${number(value[1])} to ${number(value[2])}`));
  })));
  const titles = shown.map((metric) => [`${data.metrics[metric].title} ${data.metrics[metric].lower ? "↓" : "↑"}${data.metrics[metric].sanity ? " (sanity only)" : ""}`]);
  one("#matrix").replaceChildren(heads([["template / writer / tools / check"], ...titles]), make("tbody", {}, ...rows));
}

function choose(arm, base = null) {
  const possible = bases(arm);
  state.arm = arm;
  state.base = base ?? (possible.includes(state.base) && state.base !== arm ? state.base : possible[possible.length - 1] ?? data.arms.findIndex((_, place) => place !== arm));
  if (state.base < 0) state.base = arm;
  show();
}

function show() {
  fill("#arm", data.arms.map((arm, place) => [place, arm.name]), state.arm);
  fill("#base", data.arms.map((arm, place) => [place, arm.name + (bases(state.arm).includes(place) ? " (its baseline)" : against(state.arm, place)?.differs ? ` (differs in ${against(state.arm, place).differs})` : "")]), state.base);
  ranking();
  if (one("#matrix-fold").open) matrix();
  pair();
  cases();
}
