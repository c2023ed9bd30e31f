"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const cases = all(".case");
  const { study, part } = document.body.dataset;
  const store = `reader-study-${study}-${part}`;
  const reader = one("#reader");
  let at = 0;
  let saved = true;

  const weight = (within) => one(".significance", within).value || null;
  const chosen = (section) => one(".prefer input:checked", section)?.value || "";

  function lineOf(row) {
    const errors = all(".marks input:checked", row).map((box) => box.value);
    return { number: Number(row.dataset.number), text: one("textarea", row).value.trim(), errors, significance: weight(row) };
  }
  function addedOf(row) {
    return { section: one(".section", row).value, text: one("textarea", row).value.trim(), significance: weight(row) };
  }
  function answerOf(section) {
    const drafts = all(".draft", section).map((draft) => ({
      label: draft.dataset.draft,
      lines: all(".row[data-number]", draft).map(lineOf),
      added: all(".added .row", draft).map(addedOf).filter((each) => each.text),
    }));
    return { case: section.dataset.case, prefer: chosen(section), comment: one(".comment", section).value.trim(), drafts };
  }
  function answers() {
    return { schema_version: "reader-study answers 1", study, reader: reader.value.trim(), cases: cases.map(answerOf) };
  }

  function say(text, bad = false) {
    const line = one("#say");
    line.textContent = text;
    line.classList.toggle("bad", bad);
  }
  function grow(area) {
    area.style.height = "auto";
    if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
  }
  function look(row) {
    const area = one("textarea", row);
    const was = area.dataset.was;
    const text = area.value.trim();
    row.classList.toggle("struck", was !== undefined && !text);
    row.classList.toggle("changed", was !== undefined && Boolean(text) && text !== was.trim());
    if (was !== undefined) {
      one(".was", row).hidden = text === was.trim();
      one(".restore", row).disabled = text === was.trim();
    }
    const marks = one(".marks", row);
    if (marks) marks.classList.toggle("set", Boolean(one("input:checked", marks)));
    grow(area);
  }
  function progress() {
    const done = cases.filter(chosen).length;
    one("#progress").textContent = `${done} of ${cases.length} done`;
  }
  function keep() {
    saved = false;
    progress();
    try { localStorage.setItem(store, JSON.stringify(answers())); } catch { /* private windows have no store */ }
  }

  function show(next) {
    at = Math.min(Math.max(next, 0), cases.length - 1);
    cases.forEach((section, place) => { section.hidden = place !== at; });
    one("#back").disabled = at === 0;
    one("#next").disabled = at === cases.length - 1;
    all(".row", cases[at]).forEach(look);
    scrollTo(0, 0);
  }
  function set(row, text) {
    one("textarea", row).value = text;
    look(row);
    keep();
  }
  function add(draft, told = null) {
    const row = one("#missing").content.firstElementChild.cloneNode(true);
    one(".added", draft).append(row);
    if (told) {
      one("textarea", row).value = told.text;
      one(".section", row).value = told.section;
      one(".significance", row).value = told.significance || "";
    }
    return row;
  }

  function restore(told) {
    reader.value = String(told.reader || "");
    for (const answer of told.cases) {
      const section = cases.find((each) => each.dataset.case === answer.case);
      if (!section) continue;
      one(".comment", section).value = answer.comment;
      const choice = all(".prefer input", section).find((each) => each.value === answer.prefer);
      if (choice) choice.checked = true;
      for (const given of answer.drafts) {
        const draft = all(".draft", section).find((each) => each.dataset.draft === given.label);
        for (const line of given.lines) {
          const row = all(".row[data-number]", draft).find((each) => Number(each.dataset.number) === line.number);
          one("textarea", row).value = line.text;
          for (const box of all(".marks input", row)) box.checked = line.errors.includes(box.value);
          one(".significance", row).value = line.significance || "";
        }
        for (const each of given.added) add(draft, each);
      }
    }
  }

  document.addEventListener("input", (event) => {
    const row = event.target.closest(".row");
    if (row) look(row);
    keep();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = button.closest(".row");
    if (button.classList.contains("strike")) set(row, "");
    else if (button.classList.contains("restore")) set(row, one("textarea", row).dataset.was);
    else if (button.classList.contains("add")) one("textarea", add(button.closest(".draft"))).focus();
    else if (button.classList.contains("drop")) { row.remove(); keep(); }
    else if (button.classList.contains("film")) button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    else if (button.id === "next") show(at + 1);
    else if (button.id === "back") show(at - 1);
    else if (button.id === "save") save();
  });

  function save() {
    const told = answers();
    if (!told.reader) {
      say("Type your initials first.", true);
      reader.focus();
      return;
    }
    const open = told.cases.filter((each) => !each.prefer).length;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(told, null, 2)], { type: "application/json" }));
    link.download = `answers-${told.reader.replace(/[^A-Za-z0-9_-]+/g, "_")}-part${part}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
    say(open ? `Saved. ${open} of ${cases.length} cases have no preference yet; they do not count.` : "Saved. Send the file back.");
  }

  addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  try {
    const kept = JSON.parse(localStorage.getItem(store) || "null");
    if (kept && kept.study === study) restore(kept);
  } catch { /* nothing kept, or not to be read: the page starts empty */ }
  progress();
  show(0);
})();
