// What somebody writes in a form stays in this tab until the ledger has it: it is in its fields again when the session was over
// meanwhile, or when something else was looked at. Nothing is put over what somebody else wrote since: that is only shown.
(() => {
  const who = document.body.dataset.who;
  if (!who) return;
  const START = "duewell typed ";
  const store = window.sessionStorage;
  const keyOf = (form) => `${START}${who} ${form.dataset.keep}`;
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.matches("textarea, input:not([type]), input[type=text]"));
  const plain = (text) => text.replace(/\r\n?/g, "\n").trim();

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.keep || !fieldsOf(form).includes(event.target)) return;
    const written = Object.fromEntries(fieldsOf(form).map((field) => [field.name, field.value]));
    store.setItem(keyOf(form), JSON.stringify({ version: form.dataset.version, written }));
  });

  const say = (form, text, more) => {
    const notice = document.createElement("div");
    notice.className = "said typed";
    notice.setAttribute("role", "status");
    const said = document.createElement("p");
    said.textContent = text;
    notice.append(said, more);
    form.prepend(notice);
  };
  const leaveOut = (form) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary outline";
    button.textContent = document.body.dataset.leaveOut;
    button.addEventListener("click", () => {
      form.reset();
      for (const field of fieldsOf(form)) field.dispatchEvent(new Event("input", { bubbles: true }));
      store.removeItem(keyOf(form));
      fieldsOf(form)[0].focus();
      button.parentElement.remove();
    });
    return button;
  };
  const shown = (texts) => {
    const block = document.createElement("pre");
    block.textContent = texts.join("\n\n");
    return block;
  };

  const giveBack = () => {
    for (const form of document.querySelectorAll("form[data-keep]:not([data-given-back])")) {
      form.dataset.givenBack = "";
      const kept = JSON.parse(store.getItem(keyOf(form)) ?? "null");
      if (!kept) continue;
      const fields = fieldsOf(form).filter((field) => field.name in kept.written);
      const changed = fields.filter((field) => plain(field.value) !== plain(kept.written[field.name]));
      if (changed.length === 0) {
        store.removeItem(keyOf(form));
      } else if (kept.version !== form.dataset.version) {
        store.removeItem(keyOf(form));
        say(form, document.body.dataset.typedBefore, shown(changed.map((field) => kept.written[field.name])));
      } else {
        for (const field of changed) {
          field.value = kept.written[field.name];
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }
        say(form, document.body.dataset.typedAgain, leaveOut(form));
      }
    }
  };
  for (const swapped of ["htmx:after:swap", "duewell:renewed"]) document.addEventListener(swapped, giveBack);
  // Whoever signs out leaves nothing behind.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[action='/sign-out']")) return;
    for (const key of Object.keys(store)) if (key.startsWith(START)) store.removeItem(key);
  });
  // What shows a message while it is written must listen by then: htmx begins by a timer, and timers keep their order.
  window.addEventListener("load", () => setTimeout(giveBack));
})();
