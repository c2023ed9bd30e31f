// Two arms, metric by metric; statistics exist of an arm and its own baselines, and of arms that differ in one thing from the first.
const SAME = "no patient differs";
function pair() {
  const found = against(state.arm, state.base);
  const every = one("#every").checked;
  const places = data.metrics.map((_, place) => place).filter((place) => found && found.rows[place]);
  const rows = places.map((place) => [place, found.rows[place][state.failures]])
    .filter(([place, row]) => every || ((data.metrics[place].safety || data.first.includes(place) || judged(place, row)) && row[0] !== null && row[8] !== SAME));
  const wide = Math.max(...rows.filter(([place]) => data.metrics[place].share).flatMap(([, row]) => [row[0], row[1], row[2]].map((value) => Math.abs(value ?? 0))), 0.01);
  const body = rows.map(([place, row]) => {
    const metric = data.metrics[place], word = judged(place, row);
    const plot = metric.share && row[0] !== null ? dots(row, -wide, wide, spread(row), word, 0) : "";
    return make("tr", {},
      make("th", { scope: "row" }, metric.title, " ", make("span", { class: "soft" }, metric.lower ? "↓" : "↑"), " ", metric.safety ? make("span", { class: "tag" }, "safety") : null),
      make("td", { class: "n" }, number((figure(state.arm, place) || [null])[0])),
      make("td", { class: "n" }, number((figure(state.base, place) || [null])[0])),
      make("td", {}, plot),
      make("td", { class: "n" }, spread(row)),
      make("td", { class: "n" }, p_value(row[3])),
      make("td", { class: "n" }, p_value(row[4])),
      make("td", { class: "n" }, row[5] === null ? NONE : number(row[5])),
      make("td", { class: "n" }, `${row[6]} of ${row[7]}`),
      make("td", {}, word ? verdict_word(word) : make("span", { class: "soft" }, row[8] || "no difference shown")));
  });
  one("#pair").replaceChildren(
    heads([["metric"], ["arm", "n"], ["baseline", "n"], [""], ["difference (95 % interval)", "n"], ["p", "n"], ["p, Holm", "n"], ["detectable", "n"], ["drafts of patients", "n"], [""]]),
    make("tbody", {}, ...body));
  one("#pair-note").textContent = !found
    ? "An arm is compared with its own baselines, the same template and writer without tools, and with tools and no check; and with the arm that has the first template, writer, prompts or tools of the file in place of its own, all else equal. The drafts of any two stand side by side below."
    : `p: paired permutation of patients; detectable: the difference that four of five such experiments would have found. ${body.length ? "" : "Nothing differs in any patient. "}${state.failures ? "Cases that failed in one arm are left out of both." : "Failed drafts count as drafts that say nothing."} ↓ lower, ↑ higher is better.`;
}
