// A turn as its events tell it: what was asked, the plan, each call with its state, what came of it.

export function asked(number, question) {
  return {
    number,
    question,
    plan: null,
    waiting: false,
    calls: new Map(),
    said: [],
    verification: null,
    stopped: "",
    error: "",
    turn: null,
    live: true,
    dropped: new Set(),
  };
}

export function recorded(turn) {
  return { ...asked(turn.number, turn.question), plan: turn.plan, error: turn.answer ? "" : turn.error, turn, live: false };
}

const apply = {
  plan: (turn, data) => {
    turn.plan = data.plan;
  },
  waiting: (turn, data) => {
    turn.plan = data.plan || turn.plan;
    turn.waiting = true;
  },
  started: (turn, data) => {
    turn.waiting = false;
    turn.calls.set(data.step, { ...data, state: "running", seen: Date.now() });
  },
  ended: (turn, data) => {
    const before = turn.calls.get(data.step) || {};
    turn.calls.set(data.step, { ...before, ...data, state: data.error ? "failed" : "done" });
  },
  said: (turn, data) => {
    const last = turn.said.at(-1);
    if (last && last.agent === data.agent) last.text += data.text;
    else turn.said.push({ agent: data.agent, text: data.text });
  },
  judged: (turn, data) => {
    turn.verification = data.verification;
  },
  stopped: (turn, data) => {
    turn.stopped = data.reason;
    turn.waiting = false;
  },
  answered: (turn, data) =>
    Object.assign(turn, { turn: data.turn, plan: data.turn.plan || turn.plan, live: false, waiting: false }),
  failed: (turn, data) => Object.assign(turn, { error: data.error, live: false, waiting: false }),
};

export function happened(turn, name, data) {
  apply[name]?.(turn, data);
  if (!turn.live) for (const call of turn.calls.values()) if (call.state === "running") call.state = "stopped";
}

export const report = (turn) => turn.turn?.report_run || null;

export function stateOf(turn, step) {
  const call = turn.calls.get(step.id);
  if (call) return call.state;
  if (turn.live) return turn.waiting ? "waiting" : "planned";
  if (turn.error) return "stopped";
  return turn.turn?.answer ? "done" : "planned";
}
