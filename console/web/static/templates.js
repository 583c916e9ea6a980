// Tags go where the cursor is, and the mail is shown anew while one types. Without this, tags are typed and "Show" shows.
(() => {
  const form = document.getElementById("text");
  const show = document.querySelector("[data-preview]");
  if (!form || !show) return;
  let last = form.querySelector("textarea[data-text]");
  for (const field of form.querySelectorAll("[data-text]")) field.addEventListener("focus", () => { last = field; });
  for (const button of form.querySelectorAll("[data-tag]")) {
    button.addEventListener("click", () => {
      last.focus();
      last.setRangeText(button.dataset.tag, last.selectionStart, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // A frame that was shown once would put every look into the history of the browser; a new one does not. The old
  // one stays until the new one has something to show.
  let count = 0;
  let shown = document.querySelector("iframe[name=mail]");
  const renew = () => {
    count += 1;
    const next = shown.cloneNode(false);
    next.removeAttribute("src");
    next.name = `mail-${count}`;
    next.classList.add("coming");
    for (const late of document.querySelectorAll("iframe.coming")) late.remove();
    shown.after(next);
    next.addEventListener("load", () => {
      shown.remove();
      shown = next;
      next.classList.remove("coming");
    }, { once: true });
    show.formTarget = next.name;
    form.requestSubmit(show);
  };
  let timer;
  const soon = () => { clearTimeout(timer); timer = setTimeout(renew, 600); };
  form.addEventListener("input", soon);
  document.querySelector("input[name=invoice]").addEventListener("input", soon);
})();
