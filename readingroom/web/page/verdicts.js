// The words in which verdicts, rules and measurements are told: those of the printed reports.

import { el } from "./dom.js";
import { icon } from "./icons.js";

export const VERDICTS = {
  supported: "supported",
  contradicted: "contradicted",
  unsupported: "not supported",
  not_checkable: "not checkable",
};

export const MEANINGS = {
  supported: "the evidence says the same",
  contradicted: "the evidence says otherwise",
  unsupported: "no evidence says so",
  not_checkable: "makes no claim that a rule could hold against the evidence",
};

export const RULES = {
  R01: "no support",
  R02: "contradicts a negative",
  R03: "false negation",
  R04: "side",
  R05: "location",
  R06: "number",
  R07: "unit",
  R08: "comparison",
  R09: "severity",
  R10: "certainty",
  R11: "left out",
  R12: "contradicts itself",
  R13: "said twice",
  R14: "impression without finding",
  R15: "grounding",
  R16: "tools disagree",
  R17: "words not allowed here",
};

export const TRUSTS = { untrusted_text: "from a text, not from the image", human: "entered by a person" };

const UNITS = { px: "pixels", px2: "square pixels", voxel: "voxels", mm2: "mm²", cm2: "cm²", mm3: "mm³", grey: "grey levels" };

export const bad = (verdict) => verdict === "contradicted" || verdict === "unsupported";

export const words = (name) =>
  String(name)
    .split("_")
    .map((word) => (word === "hu" ? "HU" : word))
    .join(" ");

// Never colour alone: the icon and, unless it is quiet, the word say the same.
export function verdictMark(verdict, { quiet = false } = {}) {
  const kind = VERDICTS[verdict] ? verdict : "not_checkable";
  const word = el("span", { class: quiet ? "unseen" : "", text: VERDICTS[verdict] || "not checked" });
  return el(
    "span",
    { class: `verdict v-${kind}`, title: quiet ? VERDICTS[verdict] || "not checked" : undefined },
    icon(kind),
    word,
  );
}

function rounded(value, decimals) {
  if (decimals >= 0) return value.toFixed(decimals);
  const step = 10 ** -decimals;
  return (Math.round(value / step) * step).toFixed(0);
}

export function measured(one) {
  const number = rounded(one.value, one.decimals);
  const unit = one.unit === "1" || one.unit === "count" ? "" : ` ${UNITS[one.unit] || one.unit}`;
  return `${number}${unit}`;
}

export function spread(one) {
  if (one.sd === null || one.sd === undefined) return "";
  const printed = rounded(one.sd, Math.max(one.decimals, 0));
  return `± ${Number(printed) ? printed : one.sd.toPrecision(1)} (1 sd)`;
}

export function howMeasured(one) {
  const spacing = one.spacing_source === "none" ? "" : `spacing from ${one.spacing_source}`;
  const place = one.at_detector ? "true at the detector, smaller in the patient" : "";
  return [one.method, one.qualifier, spacing, place].filter(Boolean).join(", ");
}

export function scored(evidence) {
  if (evidence.score === null || evidence.score === undefined) return "";
  const kind = evidence.score_kind === "none" ? "score" : evidence.score_kind;
  return `${kind} ${evidence.score.toFixed(2)}, ${evidence.calibrated ? "calibrated" : "not calibrated"}`;
}

export function tally(checks) {
  const found = { supported: 0, contradicted: 0, unsupported: 0, not_checkable: 0 };
  for (const check of checks) if (check.verdict in found) found[check.verdict] += 1;
  return found;
}
