"use strict";

// A menu closes when one clicks beside it or presses Escape; without this script it closes by its own button.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// <button data-copy="#id">: copies the text of that element, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
    const before = button.textContent;
    button.textContent = button.dataset.copied || before;
    setTimeout(() => { button.textContent = before; }, 1500);
  } catch {
    getSelection().selectAllChildren(source);
  }
});

// <form data-once>: sent once, however often somebody clicks.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// A form that came by htmx and was refused is shown all the same.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) event.detail.shouldSwap = true;
});

// A list that grows by itself (data-most) keeps to its length.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const list = event.detail.target;
  const most = Number(list.dataset && list.dataset.most);
  while (most && list.children.length > most) list.lastElementChild.remove();
});
