// Studies and conversations, at the left.

import { address, get, post, remove } from "./api.js";
import * as conversation from "./conversation.js";
import { confirmed } from "./dialogs.js";
import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";
import * as edits from "./kept_edits.js";
import { tried } from "./notices.js";
import * as stage from "./stage.js";
import { chat, chats, run, studies, study } from "./state.js";

const day = (text) => (text || "").slice(0, 16).replace("T", " ");

export async function openStudy(id, { chat: name = "" } = {}) {
  if (study.get()?.id !== id) {
    conversation.close();
    run.set(null);
    const found = await get(["studies", id]);
    study.set(found);
    stage.open(found);
  }
  if (name) await conversation.reopen(name);
}

export async function refresh() {
  const [found, talks] = await Promise.all([get(["studies"]), get(["chats"])]);
  studies.set(found);
  chats.set(talks);
}

export async function demo(event) {
  const trigger = event?.currentTarget;
  trigger?.setAttribute("aria-busy", "true");
  await tried(async () => {
    const made = await post(["studies", "demo"], {});
    await refresh();
    await openStudy(made.id);
  });
  trigger?.removeAttribute("aria-busy");
}

async function forget(each) {
  if (
    !(await confirmed(
      "Delete this study?",
      `${each.title}: its images and conversations leave this page. The records of its runs stay in the home folder.`,
      "Delete",
    ))
  )
    return;
  await tried(async () => {
    await remove(["studies", each.id]);
    if (study.get()?.id === each.id) {
      conversation.close();
      run.set(null);
      study.set(null);
      stage.open(null);
    }
    await refresh();
  });
}

async function forgetTalk(talk) {
  if (
    !(await confirmed(
      "Delete this conversation?",
      `“${talk.title || "New conversation"}” and all its answers leave this page. The records of its runs stay in the home folder.`,
      "Delete",
    ))
  )
    return;
  await tried(async () => {
    const open = chat.get()?.id === talk.id;
    if (open) {
      if (run.get()) edits.forget(run.get());
      conversation.close();
      run.set(null);
    }
    await remove(["chats", talk.id]);
    await refresh();
    one(".talks .talk-open")?.focus();
  });
}

function talks(each) {
  const found = chats.get().filter((talk) => talk.study === each.id);
  return el(
    "ul",
    { class: "talks" },
    found.map((talk) =>
      el(
        "li",
        {},
        button(
          {
            class: "talk-open",
            "aria-current": chat.get()?.id === talk.id ? "true" : undefined,
            on: {
              click: () =>
                tried(async () => {
                  await openStudy(each.id);
                  run.set(null);
                  await conversation.reopen(talk.id);
                }),
            },
          },
          icon("chat"),
          bdi(talk.title || "New conversation"),
          el("span", { class: "count", text: talk.turns ? String(talk.turns) : "" }),
        ),
        button(
          {
            class: "plain away",
            "aria-label": `Delete the conversation ${talk.title || "without a question"}`,
            title: "Delete this conversation",
            on: { click: () => forgetTalk(talk) },
          },
          icon("bin"),
        ),
      ),
    ),
    el(
      "li",
      {},
      button(
        {
          class: "talk-open",
          on: {
            click: () =>
              tried(async () => {
                await openStudy(each.id);
                await conversation.begin();
                one("#question").focus();
              }),
          },
        },
        icon("plus"),
        "New conversation",
      ),
    ),
  );
}

function card(each) {
  const open = study.get()?.id === each.id;
  const first = each.images[0];
  const roles = each.images.length === 1 ? "1 image" : `${each.images.length} images`;
  const prior = each.images.some((image) => image.role === "prior") ? ", with prior" : "";
  return el(
    "li",
    { class: `study${open ? " open" : ""}`, data: { study: each.id } },
    el(
      "div",
      { class: "study-head" },
      button(
        { class: "study-open", "aria-current": open ? "true" : undefined, on: { click: () => tried(() => openStudy(each.id)) } },
        first
          ? el("img", {
              class: "study-thumb",
              src: address(["studies", each.id, "images", first.id, "thumbnail"]),
              alt: "",
              loading: "lazy",
            })
          : icon("image"),
        el(
          "span",
          { class: "study-text" },
          bdi(each.title, { class: "study-title" }),
          el("span", { class: "soft", text: `${roles}${prior}` }),
          el("span", { class: "soft", text: day(each.created) }),
        ),
      ),
      button(
        { class: "plain away", "aria-label": `Delete ${each.title}`, title: "Delete", on: { click: () => forget(each) } },
        icon("bin"),
      ),
    ),
    open ? talks(each) : null,
  );
}

export function begin(addImages) {
  const draw = () => {
    const found = studies.get();
    one("#studies").replaceChildren(
      ...(found.length
        ? found.map(card)
        : [el("li", { class: "soft none", text: "No study yet. Drop images anywhere on this page." })]),
    );
  };
  for (const each of [studies, chats, study, chat]) each.watch(draw, { now: false });
  draw();
  for (const node of document.querySelectorAll("[data-act=demo]")) node.addEventListener("click", demo);
  for (const node of document.querySelectorAll("[data-act=add]")) node.addEventListener("click", () => addImages());
}
