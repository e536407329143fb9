(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const said = document.getElementById("said");

  // Of many runs, most are made when they are unfolded. Browsers without scripts make all of them:
  // to the others, what is in a noscript is text.
  const ours = window.trustedTypes?.createPolicy("report", { createHTML: (markup) => markup });
  const make = (details) => {
    const held = details.querySelector(":scope > .body > noscript");
    if (!held) return;
    const markup = ours ? ours.createHTML(held.textContent) : held.textContent;
    held.replaceWith(...new DOMParser().parseFromString(markup, "text/html").body.childNodes);
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open) make(event.target);
  }, true);

  // A link to something folded opens what is around it.
  const reveal = () => {
    const name = location.hash.slice(1);
    if (!document.getElementById(name)) clear();
    const at = document.getElementById(name);
    for (let each = at; each; each = each.parentElement) if (each.tagName === "DETAILS") {
      make(each);
      each.open = true;
    }
    at.scrollIntoView();
  };

  const copy = async (button) => {
    const text = button.parentElement.querySelector("pre");
    let done = false;
    try { await navigator.clipboard.writeText(text.textContent); done = true; } catch {
      getSelection().selectAllChildren(text);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    said.textContent = done ? "Copied." : "Selected: copy it with the keyboard.";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  const form = document.getElementById("find");
  const list = document.getElementById("list");
  const items = all("#list > li");
  let texts = null;
  let clear = () => {};
  if (form) {
    const query = document.getElementById("q");
    const component = document.getElementById("component");
    const found = document.getElementById("found");
    const boxes = all("input[name=outcome]", form);
    const apply = () => {
      texts ??= items.map((item) => item.textContent.toLowerCase());
      const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
      const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      const fitting = items.filter((item, at) => (!outcomes.size || outcomes.has(item.dataset.o))
        && (!component.value || item.dataset.c === component.value)
        && words.every((word) => texts[at].includes(word)));
      // Ten times as fast as hiding one by one.
      list.replaceChildren(...fitting);
      found.textContent = fitting.length === items.length ? "" : `${fitting.length} of ${items.length} tests`;
    };
    clear = () => {
      query.value = component.value = "";
      for (const box of boxes) box.checked = false;
      apply();
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", apply);
    for (const link of all("a[data-component]")) {
      link.addEventListener("click", () => { clear(); component.value = link.dataset.component; apply(); });
    }
    // Browsers keep what was typed over a reload.
    if (query.value || component.value || boxes.some((box) => box.checked)) apply();
  }

  for (const chart of all(".nights")) chart.scrollLeft = chart.scrollWidth;

  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const each of all(".cause > .fold, #unfit ~ .card .fold")) each.open = true;
  });
  if (location.hash) reveal();
})();
