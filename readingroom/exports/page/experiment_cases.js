// Cases in order of what got worse, and of the chosen one both drafts, sentence by sentence.
const VERDICTS = { supported: ["ok", "supported"], contradicted: ["bad", "contradicted"], unsupported: ["warn", "not supported"], not_checkable: ["soft", "not checkable"] };
const MOST_ROWS = 400;
const LIKE = 0.5;

const drafts_of = (found, arm) => found.drafts.map((draft, place) => ({ ...draft, told: found.told ? found.told[place] : null })).filter((draft) => draft.arm === arm);
function errors_in(draft, metric) {
  const count = draft.counts[metric];
  return count === undefined ? null : data.metrics[metric].lower ? count[0] : count[1] - count[0];
}
function mean(found, arm, metric) {
  const counts = drafts_of(found, arm).filter((draft) => !state.failures || !draft.error).map((draft) => errors_in(draft, metric)).filter((value) => value !== null);
  return counts.length ? counts.reduce((sum, value) => sum + value, 0) / counts.length : null;
}
function worsened(found) {
  const [now, before] = [mean(found, state.arm, state.counted), mean(found, state.base, state.counted)];
  return now === null || before === null ? null : now - before;
}
const classes_of = (found) => [...new Set(drafts_of(found, state.arm).flatMap((draft) => draft.classes))].sort((a, b) => a - b);

function cases() {
  // A case is told by counts; where the ranking's metric is put together of several, the first that can be counted stands in.
  state.counted = data.metrics[state.metric].counted ? state.metric : data.first.find((place) => data.metrics[place].counted) ?? data.metrics.findIndex((metric) => metric.counted);
  const wanted = one("#class").value, words = one("#find").value.trim().toLowerCase();
  const mine = data.cases.filter((found) => found.drafts.some((draft) => draft.arm === state.arm));
  const counts = new Map();
  for (const found of mine) for (const kind of classes_of(found)) counts.set(kind, (counts.get(kind) || 0) + 1);
  fill("#class", [["", "any or none"], ...[...counts.keys()].sort((a, b) => a - b).map((kind) => [kind, `${data.classes[kind]} (${counts.get(kind)})`])], counts.has(Number(wanted)) ? wanted : "");
  const kind = one("#class").value;
  const kept = mine.filter((found) => (kind === "" || classes_of(found).includes(Number(kind))) && (!words || `${found.id} ${found.subject}`.toLowerCase().includes(words)));
  const delta = new Map(kept.map((found) => [found, worsened(found)]));
  const total = new Map(kept.map((found) => [found, mean(found, state.arm, state.counted)]));
  const low = (value) => value ?? -Infinity;
  const orders = {
    worse: (a, b) => low(delta.get(b)) - low(delta.get(a)) || low(total.get(b)) - low(total.get(a)),
    better: (a, b) => (delta.get(a) ?? Infinity) - (delta.get(b) ?? Infinity),
    errors: (a, b) => low(total.get(b)) - low(total.get(a)),
    name: () => 0,
  };
  kept.sort((a, b) => orders[one("#order").value](a, b) || a.id.localeCompare(b.id, "en", { numeric: true }));
  const shown = kept.slice(0, MOST_ROWS);
  one("#list").replaceChildren(...(shown.length ? shown.map((found) => entry(found, delta.get(found))) : [make("li", { class: "none" }, "No case fits.")]));
  one("#count").textContent = `${kept.length} of ${mine.length} cases${kept.length > shown.length ? `, the first ${shown.length} listed` : ""}; + : more of “${data.metrics[state.counted].title}${data.metrics[state.counted].lower ? "" : ", missed"}” than the baseline, a draft`;
  state.shown = shown;
  if (!shown.includes(state.case)) state.case = shown[0] || null;
  open_case();
}

function entry(found, delta) {
  const word = delta === null ? "" : delta > 0 ? "bad" : delta < 0 ? "ok" : "soft";
  return make("li", {}, make("button", { type: "button", "aria-current": String(found === state.case), onclick: () => { state.case = found; open_case(); } },
    make("span", { class: "id" }, bdi(found.id)), make("b", { class: word }, delta === null ? NONE : signed(delta)),
    make("span", { class: "classes" }, classes_of(found).map((kind) => data.classes[kind]).join(" · ") || "no error counted")));
}

function open_case() {
  const found = state.case;
  all("#list button").forEach((button, place) => button.setAttribute("aria-current", String(state.shown[place] === found)));
  if (!found) { one("#case").replaceChildren(); return; }
  const seeds = [...new Set(drafts_of(found, state.arm).map((draft) => draft.seed))].sort((a, b) => a - b);
  if (!seeds.includes(state.seed)) state.seed = seeds[0];
  fill("#seed", seeds.map((seed) => [seed, String(seed)]), state.seed);
  const picked = (arm) => drafts_of(found, arm).find((draft) => draft.seed === state.seed) || drafts_of(found, arm)[0];
  const pair_of = [picked(state.base), picked(state.arm)];
  if (!found.told) {
    one("#case").replaceChildren(make("p", { class: "none" }, "Told by its counts alone, so that this file stays small."), counts_table(pair_of));
    return;
  }
  one("#case").replaceChildren(make("div", { class: "opened" }, stage(found), make("div", { class: "drafts" }, truth(found.reference), heads_of(pair_of), ...sections(found, pair_of), ...more(pair_of), counts_table(pair_of))));
  clear_light();
}

function counts_table(pair_of) {
  const places = data.metrics.map((_, place) => place).filter((place) => pair_of.some((draft) => draft && draft.counts[place] !== undefined) && (data.metrics[place].safety || place === state.counted));
  const told = (draft, place) => (draft && draft.counts[place] ? `${draft.counts[place][0]} of ${draft.counts[place][1]}` : NONE);
  return make("details", { class: "more fold" }, make("summary", {}, make("b", {}, "Counts of this case")), make("div", { class: "wide" }, make("table", {}, heads([["metric"], ["baseline"], ["arm"]]),
    make("tbody", {}, ...places.map((place) => make("tr", {}, make("th", { scope: "row" }, data.metrics[place].title), make("td", {}, told(pair_of[0], place)), make("td", {}, told(pair_of[1], place))))))));
}

// A region and all evidence that it is drawn from have one colour; evidence without a region has none.
function colours_of(found) {
  const colours = new Map();
  let taken = 0;
  for (const outline of found.pictures.flatMap((picture) => picture.outlines).filter((each) => !each.truth)) {
    const known = outline.proofs.find((place) => colours.has(place));
    const colour = known === undefined ? taken++ % 8 : colours.get(known);
    for (const place of outline.proofs) if (!colours.has(place)) colours.set(place, colour);
  }
  return colours;
}

function stage(found) {
  state.colours = colours_of(found);
  const films = found.pictures.map((picture) => {
    const svg = draw("svg", { class: "picture", viewBox: `0 0 ${picture.columns} ${picture.rows}`, role: "img", "aria-label": `${picture.caption} Outlined: ${picture.outlines.map((outline) => outline.label).join("; ") || "nothing"}.` });
    const layer = draw("g", { transform: `scale(1 ${picture.scale})` });
    svg.append(draw("image", { href: picture.url, width: picture.columns, height: picture.rows, preserveAspectRatio: "none" }), layer);
    for (const outline of picture.outlines) {
      const path = draw("path", { class: `overlay k-${outline.kind} ${outline.truth ? "truth" : `c${state.colours.get(outline.proofs[0])}`}`, d: outline.path }, draw("title"));
      path.firstChild.textContent = outline.label;
      path.proofs = outline.proofs;
      path.addEventListener("pointerenter", () => light(outline.proofs, found));
      path.addEventListener("pointerleave", clear_light);
      layer.append(path);
    }
    return make("figure", { class: "film" }, svg, picture.left ? make("span", { class: "side at-left" }, picture.left) : null, picture.right ? make("span", { class: "side at-right" }, picture.right) : null,
      make("figcaption", {}, bdi(picture.caption), picture.outlines.some((outline) => outline.truth) ? " · dashed white: the reference" : ""));
  });
  return make("div", { class: "stage" }, films.length ? make("div", { class: `films n${Math.min(films.length, 2)}` }, ...films) : make("p", { class: "none" }, "No picture."), make("ul", { class: "proofs", id: "proofs" }));
}

function truth(reference) {
  if (!reference.text && !reference.claims.length && !reference.question) return "";
  const options = reference.choices.map((choice, place) => make("li", { class: "tag" }, bdi(`${String.fromCharCode(65 + place)}. ${choice}`)));
  return make("div", { class: "truths" }, make("h3", {}, "Reference"), reference.question ? make("p", {}, bdi(reference.question)) : null, options.length ? make("ul", {}, ...options) : null,
    reference.answer ? make("p", {}, "Right answer: ", bdi(reference.answer)) : null, reference.text ? make("p", {}, bdi(reference.text)) : null,
    reference.claims.length ? make("ul", {}, ...reference.claims.map((claim) => make("li", { class: "tag" }, bdi(claim)))) : null);
}

const heads_of = (pair_of) => make("div", { class: "columns" }, ...pair_of.map((draft, place) => make("div", {}, make("span", { class: "soft" }, place ? "arm" : "baseline"), make("b", {}, bdi(draft ? data.arms[draft.arm].name : "not drafted")),
  draft && draft.error ? make("span", { class: "tag bad" }, "failed") : draft && draft.told.answer ? make("span", { class: "tag" }, `answered ${draft.told.answer}`) : draft && !draft.told.checked ? make("span", { class: "tag" }, "nobody checked it") : null)));

const words_of = (text) => text.split(/(\s+)/);
function likeness(first, second) {
  const count = (text) => { const bag = new Map(); for (const word of text.toLowerCase().match(/[\p{L}\p{N}.]+/gu) || []) bag.set(word, (bag.get(word) || 0) + 1); return bag; };
  const [a, b] = [count(first), count(second)], size = (bag) => [...bag.values()].reduce((sum, value) => sum + value, 0);
  let shared = 0;
  for (const [word, times] of a) shared += Math.min(times, b.get(word) || 0);
  return size(a) + size(b) ? (2 * shared) / (size(a) + size(b)) : 1;
}
// The pairing of two sequences, order kept, with the largest sum of likeness (Needleman and Wunsch 1970, gaps free).
function aligned(first, second, like) {
  const best = Array.from({ length: first.length + 1 }, () => new Float64Array(second.length + 1));
  const score = first.map((a) => second.map((b) => like(a, b)));
  for (let i = first.length - 1; i >= 0; i--) for (let j = second.length - 1; j >= 0; j--) best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], score[i][j] > 0 ? score[i][j] + best[i + 1][j + 1] : 0);
  const rows = [];
  let i = 0, j = 0;
  while (i < first.length || j < second.length) {
    if (i < first.length && j < second.length && score[i][j] > 0 && best[i][j] === score[i][j] + best[i + 1][j + 1]) rows.push([first[i++], second[j++]]);
    else if (j >= second.length || (i < first.length && best[i][j] === best[i + 1][j])) rows.push([first[i++], null]);
    else rows.push([null, second[j++]]);
  }
  return rows;
}

// Sentences that stand are paired in their order; a struck one, which comes last, joins the most alike that is alone.
function paired(first, second) {
  const like = (a, b) => { const found = likeness(a.text, b.text); return found > LIKE ? found : 0; };
  const rows = aligned(first.filter((line) => !line.struck), second.filter((line) => !line.struck), like);
  for (const [side, lines] of [first, second].entries()) {
    for (const line of lines.filter((each) => each.struck)) {
      const alone = rows.filter((row) => !row[side] && like(row[1 - side], line) > 0);
      const best = alone.sort((a, b) => like(b[1 - side], line) - like(a[1 - side], line))[0];
      if (best) best[side] = line; else rows.push(side ? [null, line] : [line, null]);
    }
  }
  return rows;
}

function sections(found, pair_of) {
  const lines = pair_of.map((draft) => (draft && draft.told ? draft.told.said.map((place) => found.lines[place]) : []));
  const titles = { findings: "Findings", impression: "Impression" };
  return Object.keys(titles).flatMap((section) => {
    const [first, second] = lines.map((said) => said.filter((line) => line.section === section));
    if (!first.length && !second.length) return [make("h3", {}, titles[section]), make("p", { class: "absent" }, "Neither draft says anything.")];
    return [make("h3", {}, titles[section]), ...paired(first, second).map((row) => row_of(row, found, pair_of))];
  });
}

function row_of([first, second], found, pair_of) {
  const kind = !first || !second ? "only" : first.text === second.text && Boolean(first.struck) === Boolean(second.struck) ? "same" : "changed";
  return make("div", { class: `row ${kind}` }, ...[[first, second], [second, first]].map(([line, other], place) => make("div", {}, make("span", { class: "mobile-which" }, place ? "arm" : "baseline"),
    line ? sentence(line, other, found, pair_of[place], place) : make("span", { class: "absent" }, place ? "the arm does not say this" : "the baseline does not say this"))));
}

function changed_words(text, other, tag) {
  if (!other || other === text) return [text];
  const rows = aligned(words_of(text), words_of(other), (a, b) => (a === b ? 1 : 0)).filter(([word]) => word !== null);
  return rows.map(([word, same]) => (same === null && word.trim() ? make(tag, {}, word) : word));
}

function sentence(line, other, found, draft, place) {
  const marks = [];
  const [kind, word] = VERDICTS[line.verdict] || ["soft", ""];
  if (word) marks.push(make("span", { class: `verdict ${kind}` }, icon(line.verdict), word));
  if (line.struck) marks.push(make("span", { class: "tag" }, "struck, does not reach the reader"));
  const warned = line.struck || line.verdict === "contradicted" || line.verdict === "unsupported";
  if (line.wrong === true) marks.push(make("span", { class: warned ? "tag ok" : "tag bad" }, warned ? "wrong by the reference, caught" : "wrong by the reference, unmarked"));
  if (line.wrong === false && warned) marks.push(make("span", { class: "tag warn" }, "right by the reference, false alarm"));
  const slip = draft.told.slips.find((each) => each.text === line.text && each.kind !== "omission");
  if (slip) marks.push(make("span", { class: "tag warn" }, `on purpose: ${slip.kind}`));
  const flaw = line.wrong === true && !warned ? "flaw" : warned ? "doubt" : "";
  const node = make("button", { type: "button", class: `said ${flaw}`, onpointerenter: () => light(line.proofs || [], found, node), onpointerleave: clear_light, onfocus: () => light(line.proofs || [], found, node), onblur: clear_light },
    make("span", { class: `text ${line.struck ? "struck" : ""}` }, make("bdi", {}, ...changed_words(line.text, other && other.text, place ? "ins" : "del"))),
    marks.length ? make("span", { class: "marks" }, ...marks) : null, ...(line.why || []).map((why) => make("span", { class: "why" }, bdi(why))));
  return node;
}

function more(pair_of) {
  return pair_of.flatMap((draft, place) => {
    if (!draft || !draft.told) return [];
    const left = draft.told.slips.filter((slip) => slip.kind === "omission").map((slip) => `left out on purpose: ${slip.text}`);
    const lines = [...(draft.error ? [draft.error] : []), ...draft.told.omitted.map((reason) => `the check says that it is left out: ${reason}`), ...left];
    return lines.length ? [make("div", { class: "more" }, make("h3", {}, place ? "Of the arm" : "Of the baseline"), make("ul", {}, ...lines.map((line) => make("li", {}, bdi(line)))))] : [];
  });
}

function light(proofs, found, node = null) {
  clear_light();
  if (node) node.classList.add("active");
  one("#case").classList.toggle("has-active", proofs.length > 0 || Boolean(node));
  for (const path of all("#case .overlay")) path.classList.toggle("lit", path.proofs.some((place) => proofs.includes(place)));
  const told = proofs.map((place) => make("li", {}, make("span", { class: `cite ${state.colours.has(place) ? `c${state.colours.get(place)}` : "c-none"}` }, bdi(found.proofs[place].id)), bdi(found.proofs[place].summary), make("small", {}, bdi(found.proofs[place].origin))));
  one("#proofs").replaceChildren(...(told.length || !node ? told : [make("li", {}, make("span", { class: "soft" }, "It cites no evidence."))]));
}
function clear_light() {
  const list = one("#proofs");
  one("#case").classList.remove("has-active");
  for (const node of all("#case .active")) node.classList.remove("active");
  for (const path of all("#case .lit")) path.classList.remove("lit");
  if (list) list.replaceChildren(make("li", {}, make("span", { class: "soft" }, "Point at a sentence to see what it stands on.")));
}

function step(by) {
  const place = state.shown.indexOf(state.case) + by;
  if (place < 0 || place >= state.shown.length) return;
  state.case = state.shown[place];
  open_case();
  const button = all("#list button")[place];
  button.focus({ preventScroll: true });
  button.scrollIntoView({ block: "nearest" });
}
function along(by) {
  const nodes = all("#case .said"), next = nodes[nodes.indexOf(document.activeElement) + by];
  if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "nearest" }); }
}
function failures(value) {
  state.failures = value;
  for (const button of all("[data-failures]")) button.setAttribute("aria-pressed", String(Number(button.dataset.failures) === value));
  show();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
  const inside = event.target.closest("#case");
  if (!state.shown) return;
  const keys = { j: () => step(1), k: () => step(-1), f: () => failures(1 - state.failures), Escape: clear_light, ...(inside ? { ArrowDown: () => along(1), ArrowUp: () => along(-1) } : {}) };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
for (const button of all("[data-failures]")) button.addEventListener("click", () => failures(Number(button.dataset.failures)));
one("#theme").addEventListener("click", () => {
  const root = document.documentElement, light_now = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = light_now ? "dark" : "light";
});
if (!data.metrics.length) for (const node of all("select, input, [data-failures]")) node.disabled = true;
one("#metric").addEventListener("change", (event) => { state.metric = Number(event.target.value); show(); });
one("#arm").addEventListener("change", (event) => choose(Number(event.target.value)));
one("#base").addEventListener("change", (event) => { state.base = Number(event.target.value); show(); });
one("#every").addEventListener("change", pair);
for (const name of ["#order", "#class"]) one(name).addEventListener("change", cases);
one("#find").addEventListener("input", cases);
one("#seed").addEventListener("change", (event) => { state.seed = Number(event.target.value); open_case(); });
one("#matrix-fold").addEventListener("toggle", () => { if (one("#matrix-fold").open && data.metrics.length) matrix(); });

// First to be seen: the metric that tables show first, and of the comparisons with the nearest baseline that in which most
// measures of safety are told apart, else the one that is furthest apart in that metric.
const order_of_metrics = [...data.first, ...data.metrics.map((_, place) => place).filter((place) => !data.first.includes(place))];
state.metric = order_of_metrics[0] ?? 0;
fill("#metric", order_of_metrics.map((place) => [place, `${data.metrics[place].title}${data.metrics[place].sanity ? " (sanity only)" : ""}`]), state.metric);
const clear = (each) => Object.entries(each.rows).filter(([place, rows]) => data.metrics[place].safety && judged(place, rows[0])).length + Math.min(Math.abs(((each.rows[state.metric] || [])[0] || [0])[0] ?? 0), 0.99);
const nearest = data.arms.map((_, arm) => data.against.filter((each) => each.arm === arm && !each.differs).pop()).filter(Boolean);
const clearest = nearest.reduce((best, each) => (!best || clear(each) > clear(best) ? each : best), null);
if (!data.metrics.length) one("#way").textContent = "Nothing was drafted yet.";
else if (clearest) choose(clearest.arm, clearest.base);
else choose(data.arms.length - 1);
