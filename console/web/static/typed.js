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

  const say = (text, ...more) => {
    const said = document.createElement("p");
    said.className = "said";
    said.textContent = text;
    // Behind what the page says of an order, which comes a moment after it.
    setTimeout(() => document.getElementById("said").append(said, ...more), 200);
  };
  const leaveOut = (form) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary outline";
    button.textContent = document.body.dataset.leaveOut;
    button.addEventListener("click", () => {
      store.removeItem(keyOf(form));
      form.reset();
      for (const field of fieldsOf(form)) field.dispatchEvent(new Event("input", { bubbles: true }));
      store.removeItem(keyOf(form));
      button.remove();
    });
    return button;
  };
  const showBeside = (changed) => {
    const shown = document.createElement("pre");
    shown.textContent = changed.map(([, value]) => value).join("\n\n");
    return shown;
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
        say(document.body.dataset.typedBefore, showBeside(changed.map((field) => [field, kept.written[field.name]])));
      } else {
        for (const field of changed) {
          field.value = kept.written[field.name];
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }
        say(document.body.dataset.typedAgain, leaveOut(form));
      }
    }
  };
  for (const swapped of ["htmx:after:swap", "duewell:renewed"]) document.addEventListener(swapped, giveBack);
  // Whoever signs out leaves nothing behind.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[action='/sign-out']")) return;
    for (const key of Object.keys(store)) if (key.startsWith(START)) store.removeItem(key);
  });
  // By then what shows a message while it is written listens.
  window.addEventListener("load", giveBack);
})();
