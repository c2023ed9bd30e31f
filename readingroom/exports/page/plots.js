"use strict";
(() => {
  const told = document.querySelector("#told");
  const hide = () => { told.hidden = true; };
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("[data-told]");
    if (!mark) { hide(); return; }
    told.textContent = mark.dataset.told;
    told.hidden = false;
    const left = Math.min(event.clientX + 14, innerWidth - told.offsetWidth - 8);
    const top = event.clientY + 18 + told.offsetHeight > innerHeight ? event.clientY - told.offsetHeight - 10 : event.clientY + 18;
    told.style.setProperty("left", `${Math.max(left, 8)}px`);
    told.style.setProperty("top", `${Math.max(top, 8)}px`);
  });
  document.addEventListener("pointerleave", hide);
  document.addEventListener("click", (event) => {
    const key = event.target.closest("[data-series-of]");
    if (!key) return;
    const shown = key.getAttribute("aria-pressed") !== "true";
    key.setAttribute("aria-pressed", String(shown));
    const chart = key.closest("figure").querySelector("svg");
    chart.querySelector(`[data-series="${key.dataset.seriesOf}"]`).classList.toggle("off", !shown);
  });
})();
